"""Features of objects whose mask a person corrected, by object and mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import ObjectFeatures
from napari_sam.labelling.feature_files import (
    feature_arrays,
    features_in,
    reading_arrays,
    write_arrays,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.mask import Mask
    from napari_sam.labelling.dataset_layout import DatasetLayout


class CorrectedFeatures:
    """Features of masks that were corrected; those of before stay, for undo.

    Parameters
    ----------
    layout
        Where the files lie: one for each image with corrected objects.
    """

    def __init__(self, layout: DatasetLayout) -> None:
        self._layout = layout
        self._known: dict[Path, dict[tuple[int, str], ObjectFeatures]] = {}

    def find(self, image: Path, number: int, mask: Mask) -> ObjectFeatures | None:
        """Return the features of an object with a mask; None if it has none of its own.

        Raises
        ------
        ImageError
            If their file cannot be read.
        """
        return self._of(image).get((number, mask.digest))

    def add(
        self, image: Path, number: int, mask: Mask, features: ObjectFeatures
    ) -> None:
        """Write the features of an object with a mask."""
        known = self._of(image)
        known[number, mask.digest] = features
        arrays = {
            "objects": np.array([i for i, _ in known], np.int64),
            "masks": np.array([digest for _, digest in known], np.str_),
            **feature_arrays(ObjectFeatures.joined([*known.values()])),
        }
        write_arrays(self._layout.corrected_of(image), arrays)

    def _of(self, image: Path) -> dict[tuple[int, str], ObjectFeatures]:
        if image not in self._known:
            path = self._layout.corrected_of(image)
            self._known[image] = _read(path) if path.exists() else {}
        return self._known[image]


def _read(path: Path) -> dict[tuple[int, str], ObjectFeatures]:
    with reading_arrays(path, "features of corrected objects") as file:
        features = features_in(file)
        keys = zip(file["objects"].tolist(), map(str, file["masks"]), strict=True)
        return {key: features.chosen([i]) for i, key in enumerate(keys)}
