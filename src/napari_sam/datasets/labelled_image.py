"""An image and what is in it, both read when they are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.datasets.ground_truth.protocol import to_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets.ground_truth.protocol import GroundTruth

__all__ = ["LabelledImage"]


class LabelledImage:
    """An image of one plane, and its objects.

    Light: it holds where things are, and how to open them. Take `frames` and `truth`
    once for each use, since they may be read anew each time.

    Parameters
    ----------
    name
        What the image is called among those of its folder.
    kind
        What the folder is called.
    frames
        The image, or what opens it.
    truth
        Its objects, as `GroundTruth` or as a label image; or what opens them.
    files
        What messages call the two.
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
                f"{self.files[0]} has {len(frames)} planes; expected one, or labels "
                f"with as many planes in {self.files[1]}."
            )
        return frames

    @property
    def truth(self) -> GroundTruth:
        """Its objects.

        Raises
        ------
        ImageError
            If they were made for an image of another shape, or cannot be used.
        """
        truth = self._truth() if callable(self._truth) else self._truth
        if not self._shape_checked:  # once is enough, and needs the image
            self._check_shape(truth.shape)
        return truth

    @property
    def labels(self) -> NDArray[np.int32]:
        """Its objects as a label image ``(rows, cols)``; smaller ones lie on top."""
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
