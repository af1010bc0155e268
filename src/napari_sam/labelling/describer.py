"""Objects described anew, after a person corrected them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import ObjectFeatures
from napari_sam.automatic.object_features import describe_objects, shape_of
from napari_sam.io.settings import ReadSettings
from napari_sam.jobs.promptable_settings import PromptableSettings

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.labelling.dataset_layout import DatasetIndex


class Describer:
    """Describes objects of a data set as they were described when it was made.

    Parameters
    ----------
    index
        How it was made.
    backend
        The model, if it is open. Without that which made the data set, the model's
        features and the light of an object stay; its area and shape are new.
    """

    def __init__(self, index: DatasetIndex, backend: Backend | None) -> None:
        self._index = index
        self.use(backend)
        self._settings = PromptableSettings(
            ReadSettings(axes=index.axes), index.appearance
        )
        self._opened: tuple[Path, PromptableImage] | None = None

    def use(self, backend: Backend | None) -> None:
        """Describe by a model from now on, if it is the one that made the data set."""
        same = backend is not None and backend.fingerprint == self._index.fingerprint
        self._backend = backend if same else None

    def shown(self, image: Path) -> tuple[Frames, Appearance]:
        """Open an image as it was shown to the model when the data set was made."""
        read = self._settings.read.read(image)
        fit = self._settings.appearance.fit
        return read.frames, fit(read.frames, self._backend, read.channel_names)

    def describe(
        self, image: Path, frame: int, mask: Mask, before: ObjectFeatures
    ) -> ObjectFeatures:
        """Return the features of an object with a mask, as one row.

        Parameters
        ----------
        image, frame, mask
            The object.
        before
            What is known of it, or of objects like it, for what no model says anew.
        """
        opened = self._open(image)
        if opened is not None:
            return describe_objects(opened, frame, [mask])
        looks = replace(before.looks, areas=np.array([mask.area], np.float64))
        shapes = np.array([shape_of(mask.array)], np.float32)
        return ObjectFeatures(looks, shapes)

    def _open(self, image: Path) -> PromptableImage | None:
        if self._backend is None:
            return None
        if self._opened is None or self._opened[0] != image:
            read = self._settings.read.read(image)
            self._opened = image, self._settings.open(read, self._backend)
        return self._opened[1]
