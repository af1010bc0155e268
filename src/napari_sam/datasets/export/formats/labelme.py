"""Writer of LabelMe: a JSON file beside each image."""

from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.datasets.export.formats.format_writer import (
    Plan,
    Unit,
    Written,
    one_by_one,
)
from napari_sam.io.writers.outlines import outlines_of_mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.mask import Mask
    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["LabelmeWriter"]

#: The version of LabelMe whose files these are.
_VERSION = "5.5.0"


class LabelmeWriter:
    """Writes a polygon for each part, and a mask for what has holes.

    The group of a shape is the number of its object.
    """

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each image."""
        return one_by_one(images)

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write image and JSON file."""
        (one,) = unit.images
        where = folder / one.subset
        placed = self._plan.pictures.place(one.image, where, one.stem)
        shape = one.image.truth.shape
        objects = one.objects(self._plan.settings.default_class)
        content: JsonDict = {
            "version": _VERSION,
            "flags": {},
            "shapes": [shape for found in objects for shape in _shapes(*found)],
            "imagePath": placed.name,
            "imageData": None,
            "imageHeight": shape[0],
            "imageWidth": shape[1],
        }
        with replacing(where / f"{one.stem}.json") as temporary:
            temporary.write_text(
                json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8"
            )
        return Written({one.stem: (placed.name, placed.shown)})

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Write the names of classes, as LabelMe's option ``--labels`` reads them."""
        names = "".join(f"{name}\n" for name in self._plan.classes)
        with replacing(folder / "classes.txt") as temporary:
            temporary.write_text(names, encoding="utf-8")


def _shapes(number: int, kind: str, mask: Mask) -> Iterator[JsonDict]:
    more: JsonDict = {"group_id": number, "description": "", "flags": {}}
    parts = outlines_of_mask(mask.array, mask.region)
    if any(part.holes for part in parts):
        box = mask.region
        points = [[box.left, box.top], [box.right - 1, box.bottom - 1]]
        yield {
            "label": kind,
            "points": points,
            "shape_type": "mask",
            "mask": _packed(mask),
            **more,
        }
        return
    for part in parts:
        points = part.shell[:-1, ::-1].tolist()
        yield {"label": kind, "points": points, "shape_type": "polygon", **more}


def _packed(mask: Mask) -> str:
    """Return the pixels in the box of a mask as PNG in base64."""
    from PIL import Image

    file = BytesIO()
    Image.fromarray(mask.array.astype(np.uint8) * 255).save(file, "png")
    return base64.b64encode(file.getvalue()).decode("ascii")
