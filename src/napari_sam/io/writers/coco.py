"""Writer of objects as COCO: run lengths or polygons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.io.polygon_masks import single_ring
from napari_sam.io.run_lengths import packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict, JsonValue
    from napari_sam.io.writers.outlined_objects import OutlinedObject
    from napari_sam.io.writers.outlines import Outline

#: The category of objects that have no class.
_UNNAMED = "object"


def write_coco(
    path: Path,
    objects: Iterable[OutlinedObject],
    frames: Frames,
    *,
    image: str,
    masks: Literal["rle", "polygons"],
) -> None:
    """Write objects as COCO: an annotation for each, an image for each plane.

    Parameters
    ----------
    path
        The JSON file.
    objects
        The objects; they may overlap. The class among their attributes is their
        category.
    frames
        Their planes.
    image
        Name of the image file.
    masks
        Run lengths are exact. Polygons follow the edges of pixels, but COCO has no
        holes: they are filled.
    """
    rows, cols = frames.plane_shape
    images: list[JsonValue] = []
    for plane in range(len(frames)):
        more = {"frame": plane} if len(frames) > 1 else {}
        size = {"height": rows, "width": cols}
        images.append({"id": plane + 1, "file_name": image, **size, **more})
    categories: dict[str, int] = {}
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f'{{"images": {json.dumps(images)}, "annotations": [')
        for i, one in enumerate(objects):
            name = str(one.attributes.get("class") or _UNNAMED)
            number = categories.setdefault(name, len(categories) + 1)
            written = _annotation(i + 1, one, number, (rows, cols), masks)
            file.write(f"{', ' if i else ''}{json.dumps(written)}")
        listed = [{"id": n, "name": name} for name, n in categories.items()]
        listed = listed or [{"id": 1, "name": _UNNAMED}]
        file.write(f'], "categories": {json.dumps(listed)}}}')


def _annotation(
    number: int, one: OutlinedObject, category: int, shape: tuple[int, int], masks: str
) -> JsonDict:
    more = dict(one.attributes)
    score = {"score": more.pop("score")} if "score" in more else {}
    return {
        "id": number,
        "image_id": one.frame + 1,
        "category_id": category,
        "iscrowd": 0,
        "label": one.number,
        "area": one.pixels,
        **coco_mask(one.parts, shape, masks),
        **score,
        **({"attributes": more} if more else {}),
    }


def coco_mask(
    parts: Sequence[Outline],
    shape: tuple[int, int],
    masks: str,
    *,
    bridged: bool = False,
) -> JsonDict:
    """Return ``segmentation`` and ``bbox`` of an object, as an annotation has them.

    Parameters
    ----------
    parts
        Its outlines.
    shape
        Rows and columns of the plane.
    masks
        ``rle`` or ``polygons``.
    bridged
        Keep holes of polygons: a bridge without width joins each to its shell.
    """
    corners = np.concatenate([part.shell for part in parts])
    (top, left), (bottom, right) = corners.min(0).tolist(), corners.max(0).tolist()
    fields: JsonDict = {"bbox": [left, top, right - left, bottom - top]}
    if masks == "polygons":
        rings = [single_ring([p]) if bridged else p.shell[:-1] for p in parts]
        flat = [ring[:, ::-1].ravel().tolist() for ring in rings]
        return {"segmentation": flat, **fields}
    return {"segmentation": _runs(parts, shape), **fields}


def _runs(parts: Sequence[Outline], shape: tuple[int, int]) -> JsonDict:
    """Return the COCO run lengths of an object, from its edges: no pixel is made.

    Columns are runs of COCO's order, which begin and end at the level edges.
    """
    rings = [ring for part in parts for ring in (part.shell, *part.holes)]
    position = np.concatenate([_level_edges(ring, shape[0]) for ring in rings])
    changes, times = np.unique(position, return_counts=True)
    changes = changes[times == 1]  # an object at the edge goes on in the next column
    ends = np.union1d(changes, [shape[0] * shape[1]])
    return packed(np.diff(np.concatenate([[0], ends])).tolist(), shape)


def _level_edges(ring: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Return where the level edges of a ring lie in the order of columns."""
    begin, end = ring[:-1], ring[1:]
    first = np.minimum(begin[:, 1], end[:, 1])
    width = np.abs(begin[:, 1] - end[:, 1])
    cols = np.repeat(first - (np.cumsum(width) - width), width)
    cols = cols + np.arange(int(width.sum()))
    found: NDArray[np.int64] = cols * rows + np.repeat(begin[:, 0], width)
    return found
