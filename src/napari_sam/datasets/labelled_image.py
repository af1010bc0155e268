"""An image with ground truth, both read when they are used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.datasets.ground_truth.protocol import to_labels
from napari_sam.datasets.image_sources import ImageFile, PlaneOf

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets.ground_truth.protocol import GroundTruth

__all__ = ["LabelledImage"]


class LabelledImage:
    """An image of one plane with the ground truth of its objects.

    It holds paths rather than pixels. Take `frames` and `truth` once for each use,
    since they may be read again each time.

    Parameters
    ----------
    name
        Name of the image within its folder.
    kind
        Name of the folder.
    frames
        The image, or a function that reads it.
    truth
        Ground truth, or a label image; or a function that reads it.
    files
        Names of the two in messages.
    """

    __slots__ = ("_frames", "_shape_checked", "_truth", "files", "kind", "name")

    def __init__(
        self,
        name: str,
        kind: str,
        frames: Frames | Callable[[], Frames],
        truth: GroundTruth | NDArray[np.integer] | Callable[[], GroundTruth],
        *,
        files: tuple[str, str] | None = None,
    ) -> None:
        self.name, self.kind = name, kind
        self.files = files or (f"The image {name}", f"The truth of {name}")
        self._shape_checked = False
        self._frames = frames
        self._truth = LabelTruth(truth) if isinstance(truth, np.ndarray) else truth

    def __repr__(self) -> str:
        return f"LabelledImage({self.name!r}, kind={self.kind!r})"

    @property
    def source(self) -> ImageFile | PlaneOf | None:
        """What the image is a plane of; None for an image of its own."""
        return self._frames if isinstance(self._frames, ImageFile | PlaneOf) else None

    @property
    def frames(self) -> Frames:
        """The image, of one plane.

        Raises
        ------
        ImageError
            If there are several planes, or the file cannot be used.
        """
        frames = self._frames() if callable(self._frames) else self._frames
        if len(frames) != 1:
            raise ImageError(
                f"{self.files[0]} has {len(frames)} frames; expected one, or labels "
                f"with as many frames in {self.files[1]}."
            )
        return frames

    @property
    def truth(self) -> GroundTruth:
        """Ground truth of its objects.

        Raises
        ------
        ImageError
            If it has another shape than the image, or cannot be used.
        """
        truth = self._truth() if callable(self._truth) else self._truth
        if not self._shape_checked:  # checked once: it reads the image
            self._check_shape(truth.shape)
        return truth

    @property
    def labels(self) -> NDArray[np.int32]:
        """Ground truth as a label image ``(rows, cols)``; smaller ones on top."""
        truth = self.truth
        return truth.labels if isinstance(truth, LabelTruth) else to_labels(truth)

    def _check_shape(self, found: tuple[int, int]) -> None:
        expected = self.frames.plane_shape
        if found != expected:
            turned = found == expected[::-1]
            raise ImageError(
                f"{self.files[1]} has the shape {found}, but {self.files[0]} has the "
                f"shape {expected}; expected the same rows and columns."
                + (" Rows and columns seem to be exchanged." if turned else "")
            )
        self._shape_checked = True
