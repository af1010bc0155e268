"""Writer of label images: ``images/`` and ``labels/``, with tables of classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.datasets.class_table import write_classes
from napari_sam.datasets.export.formats.format_writer import (
    Plan,
    Unit,
    Written,
    one_by_one,
)
from napari_sam.datasets.export.formats.painted import paint
from napari_sam.datasets.export.placed_images import save_tiff

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.datasets.export.image_names import ExportImage

__all__ = ["MasksWriter"]


class MasksWriter:
    """Writes the number of the object at each pixel."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Return a unit for each image."""
        return one_by_one(images)

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write image, labels and the classes of these."""
        (one,) = unit.images
        where, settings = folder / one.subset, self._plan.settings
        placed = self._plan.pictures.place(one.image, where / "images", one.stem)
        written = Written({one.stem: (placed.name, placed.shown)})
        objects = one.objects(settings.default_class)
        masks = [(number, mask) for number, _, mask in objects]
        labels = paint(one.image.truth.shape, masks, written.losses)
        file = where / "labels" / f"{one.stem}.{settings.label_files}"
        file.parent.mkdir(parents=True, exist_ok=True)
        if settings.label_files == "tif":
            save_tiff(file, labels)
        else:
            self._write_png(file, labels)
        classes = {number: kind for number, kind, _ in objects}
        if set(classes.values()) - {settings.default_class}:
            write_classes(file.with_suffix(".csv"), classes)
        return written

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Finish the data set: all its files are written."""

    def _write_png(self, file: Path, labels: np.ndarray) -> None:
        from PIL import Image

        if labels.dtype == np.uint32:
            raise ImageError(
                f"{file.name}: PNG holds labels up to 65535, and there is "
                f"{labels.max()}. Write TIFF: label_files='tif' (--label-files tif)."
            )
        Image.fromarray(labels).save(file)
