"""Writer of labels as COCO: run lengths or polygons."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.io.writers.outlines import outlines

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict
    from napari_sam.io.writers.outlines import Outline


def write_coco(
    path: Path, frames: Frames, *, image: str, masks: Literal["rle", "polygons"]
) -> None:
    """Write labels as COCO: an annotation for each object, an image for each plane.

    Parameters
    ----------
    path
        The JSON file.
    frames
        The labels.
    image
        Name of the image file.
    masks
        Run lengths are exact. Polygons follow the edges of pixels, but COCO has no
        holes: they are filled.
    """
    rows, cols = frames.plane_shape
    images: list[JsonDict] = []
    annotations: list[JsonDict] = []
    for plane in range(len(frames)):
        more = {"frame": plane} if len(frames) > 1 else {}
        size = {"height": rows, "width": cols}
        images.append({"id": plane + 1, "file_name": image, **size, **more})
        labels = frames[plane]
        for number, parts in outlines(labels):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": plane + 1,
                    "category_id": 1,
                    "iscrowd": 0,
                    "label": number,
                    **_mask(labels, number, parts, masks),
                }
            )
    content = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": "object"}],
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def _mask(
    labels: NDArray[np.generic], number: int, parts: list[Outline], masks: str
) -> JsonDict:
    corners = np.concatenate([part.shell for part in parts])
    (top, left), (bottom, right) = corners.min(0).tolist(), corners.max(0).tolist()
    inside = labels[top:bottom, left:right] == number
    fields: JsonDict = {
        "bbox": [left, top, right - left, bottom - top],
        "area": int(inside.sum()),
    }
    if masks == "polygons":
        rings = [part.shell[:-1, ::-1].ravel().tolist() for part in parts]
        return {"segmentation": rings, **fields}
    return {"segmentation": _runs(inside, (top, left), labels.shape), **fields}


def _runs(
    inside: NDArray[np.bool_], at: tuple[int, int], shape: tuple[int, ...]
) -> JsonDict:
    """Return the COCO run lengths of a mask, without making an array of the plane.

    Columns of the window are runs of COCO's order; gaps between them are background.
    """
    from pycocotools import mask

    edges = np.flatnonzero(np.diff(np.pad(inside, ((1, 1), (0, 0))).T.ravel()))
    col, row = np.divmod(edges + 1, inside.shape[0] + 2)
    position = (col + at[1]) * shape[0] + row - 1 + at[0]
    changes, times = np.unique(position, return_counts=True)
    changes = changes[times == 1]  # an object at the edge goes on in the next column
    ends = np.union1d(changes, [shape[0] * shape[1]])
    lengths = np.diff(np.concatenate([[0], ends])).tolist()
    size = {"size": list(shape), "counts": lengths}
    packed: bytes = mask.frPyObjects(size, *shape)["counts"]
    return {"size": list(shape), "counts": packed.decode("ascii")}
