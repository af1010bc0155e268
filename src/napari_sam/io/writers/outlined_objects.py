"""Objects that are written as outlines: of labels, or of masks that may overlap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from napari_sam.core.address import Address
from napari_sam.io.features.object_numbers import whole_number
from napari_sam.io.writers.areas import map_area
from napari_sam.io.writers.outlines import (
    area,
    outlines_of_mask,
    outlines_of_plane,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict, JsonValue
    from napari_sam.io.readers.image import Image
    from napari_sam.io.writers.outlines import Outline

#: Names of ours, and those that programs of a GIS keep for themselves.
_TAKEN = (
    "id",
    "frame",
    "area",
    "pixels",
    "score",
    "fid",
    "geom",
    "geometry",
    "ogc_fid",
)


class RegionMask(Protocol):
    """A mask in its region."""

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers the region."""

    @property
    def region(self) -> Region:
        """Where the mask lies."""

    @property
    def area(self) -> int:
        """Pixels of the mask."""


class OutlinedObject(NamedTuple):
    """An object of a plane: its number, its outlines, and what is known of it."""

    frame: int
    number: int
    parts: list[Outline]
    attributes: Mapping[str, JsonValue]

    @property
    def pixels(self) -> int:
        """How many pixels it has."""
        rings = [ring for part in self.parts for ring in (part.shell, *part.holes)]
        return round(sum(map(area, rings)))

    def properties(self, like: Image | None, *, in_stack: bool) -> JsonDict:
        """Return number, frame, area, and then what else is known.

        Columns that have our names, such as another area, are called ``input_area``.
        """
        found: JsonDict = {"id": self.number}
        if in_stack:
            found["frame"] = self.frame
        found["area"] = map_area(self.parts, self.pixels, like)
        if found["area"] != self.pixels:
            found["pixels"] = self.pixels
        if "score" in self.attributes:
            found["score"] = self.attributes["score"]
        for name, value in self.attributes.items():
            is_number = name.lower() == "id" and whole_number(value) == self.number
            if name != "score" and not is_number:
                found[_free_name(name, found)] = value
        return found


def objects_of_labels(
    frames: Frames, attributes: Mapping[Address, Mapping[str, JsonValue]]
) -> Iterator[OutlinedObject]:
    """Yield the objects of labels, plane by plane, in order of numbers."""
    for plane in range(len(frames)):
        for number, parts in outlines_of_plane(frames, plane):
            known = attributes.get(Address(plane, number), {})
            yield OutlinedObject(plane, number, parts, known)


def objects_of_masks(
    masks: Mapping[Address, RegionMask],
    attributes: Mapping[Address, Mapping[str, JsonValue]],
) -> Iterator[OutlinedObject]:
    """Yield the objects of masks, each whole; those without pixels are left out."""
    for at, one in masks.items():
        if one.area:
            parts = outlines_of_mask(one.mask, one.region)
            yield OutlinedObject(at.frame, at.object_id, parts, attributes.get(at, {}))


def _free_name(name: str, names: JsonDict) -> str:
    """Return a name that no other has, whatever their capitals."""
    name = f"input_{name}" if name.lower() in _TAKEN else name
    there = {other.lower() for other in names}
    while name.lower() in there:
        name = f"{name}_2"
    return name
