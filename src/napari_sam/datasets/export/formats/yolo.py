"""Writer of YOLO: ``images/``, ``labels/`` with a text for each, and ``data.yaml``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.datasets.export.formats.format_writer import (
    Plan,
    Unit,
    Written,
    one_by_one,
)
from napari_sam.io.polygon_masks import single_ring
from napari_sam.io.writers.outlines import outlines_of_mask

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["YoloWriter"]

_NO_SPLIT = "no split: to validate on what was trained on says nothing"


class YoloWriter:
    """Writes one polygon for each object, or its box."""

    def __init__(self, plan: Plan, *, boxes: bool) -> None:
        self._plan, self._boxes = plan, boxes

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each image."""
        return one_by_one(images)

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write image and text."""
        (one,) = unit.images
        placed = self._plan.pictures.place(
            one.image, folder / "images" / one.subset, one.stem
        )
        written = Written({one.stem: (placed.name, placed.shown)})
        shape = one.image.truth.shape
        lines: list[str] = []
        objects = one.objects(self._plan.settings.default_class)
        for number, kind, mask in objects:
            places = self._places(mask, shape, written)
            if number != len(lines) + 1:
                written.losses["objects are counted from 1, without their numbers"] += 1
            lines.append(f"{self._plan.class_number(kind)} {places}\n")
        text = folder / "labels" / one.subset / f"{one.stem}.txt"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("".join(lines), encoding="utf-8")
        return written

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Write ``data.yaml``."""
        lines = []
        for subset in ("train", "val", "test"):
            if subset in self._plan.subsets:
                lines.append(f"{subset}: images/{subset}")
            elif subset == "val" or self._plan.subsets == ("",):
                note = f"  # {_NO_SPLIT}" if subset == "val" else ""
                lines += [f"{subset}: images{note}"] if subset != "test" else []
        names = [
            f"  {i}: {json.dumps(name, ensure_ascii=False)}"
            for i, name in enumerate(self._plan.classes)
        ]
        text = "\n".join([*lines, f"nc: {len(names)}", "names:", *names, ""])
        with replacing(folder / "data.yaml") as temporary:
            temporary.write_text(text, encoding="utf-8")

    def _places(self, mask: Mask, shape: tuple[int, int], written: Written) -> str:
        box = mask.region
        if self._boxes:
            written.losses["objects are boxes, without outlines"] += 1
            middle = (box.left + box.right) / 2, (box.top + box.bottom) / 2
            size = box.right - box.left, box.bottom - box.top
            return _shares(np.array([middle, size]), shape)
        parts = outlines_of_mask(mask.array, box)
        if len(parts) > 1 or parts[0].holes:
            loss = (
                "objects with holes or parts are one ring, with bridges without width"
            )
            written.losses[loss] += 1
        return _shares(single_ring(parts)[:, ::-1], shape)


def _shares(xy: NDArray[np.generic], shape: tuple[int, int]) -> str:
    """Return places as shares of the image, to a hundredth of a pixel or better."""
    digits = max(6, len(str(max(shape))) + 2)
    shares = (xy / np.array(shape[::-1])).ravel().tolist()
    return " ".join(f"{v:.{digits}f}".rstrip("0").rstrip(".") for v in shares)
