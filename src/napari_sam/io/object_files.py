"""Files of outlined objects: polygons and COCO, where objects may overlap."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from napari_sam.io.writers.outlined_objects import objects_of_masks
from napari_sam.io.writers.polygons import DRIVERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonValue
    from napari_sam.io.readers.image import Image
    from napari_sam.io.writers.outlined_objects import OutlinedObject, RegionMask

#: Suffixes of files in which objects are outlines, and may overlap.
OBJECT_SUFFIXES = (".json", ".geojson", *DRIVERS)


def write_objects(
    path: str | Path,
    masks: Mapping[Address, RegionMask],
    like: Image,
    *,
    attributes: Mapping[Address, Mapping[str, JsonValue]] = MappingProxyType({}),
    coco: Literal["rle", "polygons"] = "rle",
) -> None:
    """Write masks as polygons or COCO: each whole, also where they overlap.

    No label image is made: memory holds outlines and one mask.

    Parameters
    ----------
    path
        ``.geojson``, ``.gpkg``, ``.shp``, ``.fgb``, ``.parquet``, ``.kml``, or
        ``.json`` for COCO.
    masks
        Masks in their regions, by frame and object.
    like
        The image.
    attributes
        What else is known of each object: its score, columns of its prompts.
    coco
        Masks of a COCO file as run lengths, which are exact, or as polygons.
    """
    objects = objects_of_masks(masks, attributes)
    write_outlined(Path(path), objects, like.frames, like, coco=coco)


def write_outlined(
    path: Path,
    objects: Iterable[OutlinedObject],
    frames: Frames,
    like: Image | None,
    *,
    coco: Literal["rle", "polygons"],
) -> None:
    """Write objects in the form of the suffix."""
    suffix, in_stack = path.suffix.lower(), len(frames) > 1
    if suffix == ".json":
        from napari_sam.io.writers.coco import write_coco

        name = like.path.name if like and like.path else path.stem
        write_coco(path, objects, frames, image=name, masks=coco)
    elif suffix == ".geojson":
        from napari_sam.io.writers.polygons import write_geojson

        write_geojson(path, objects, like, in_stack=in_stack)
    else:
        from napari_sam.io.writers.polygons import write_table

        write_table(path, objects, like, in_stack=in_stack)
