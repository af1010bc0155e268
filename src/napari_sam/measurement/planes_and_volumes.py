"""Pictures: what is measured at once, a plane or a volume of labels or of an image."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError
from napari_sam.core.geometry.region import Region
from napari_sam.io.label_numbers import label_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import Pixels

#: A part of a picture: a slice along each of its axes.
Window = tuple[slice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlanesAndVolumes:
    """Frames as pictures: volumes where there is depth, else planes.

    Attributes
    ----------
    frames
        Labels, or an image.
    by_plane
        Each picture is a plane, also of a z-stack.
    """

    frames: Frames
    by_plane: bool = False

    @property
    def axes(self) -> str:
        """Axes of each picture: ``zyx`` or ``yx``."""
        deep = self.frames.sizes.get("z", 1) > 1 and not self.by_plane
        return "zyx" if deep else "yx"

    @property
    def along(self) -> dict[str, int]:
        """Lengths of the axes that pictures lie along."""
        return {a: n for a, n in self.frames.sizes.items() if a not in self.axes}

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis of a picture."""
        depth = (self.frames.sizes["z"],) if self.axes == "zyx" else ()
        return (*depth, *self.frames.plane_shape)

    @property
    def everything(self) -> Window:
        """The window of a whole picture."""
        return tuple(slice(0, n) for n in self.shape)

    def __len__(self) -> int:
        return prod(self.along.values())

    def where(self, index: int) -> dict[str, int]:
        """Return the place of a picture along each axis that pictures lie along."""
        sizes = self.along
        at = np.unravel_index(index, tuple(sizes.values())) if sizes else ()
        return dict(zip(sizes, map(int, at), strict=True))

    def read(self, index: int, window: Window) -> Pixels:
        """Return a part of a picture; channels are the last axis."""
        planes = [self._plane(index, z, window) for z in self._depths(window)]
        return np.stack(planes) if self.axes == "zyx" else planes[0]

    def read_labels(self, index: int, window: Window) -> NDArray[np.integer]:
        """Return labels of a part of a picture, as whole numbers.

        Raises
        ------
        ImageError
            If they are no labels.
        """
        name = f"Frame {index} of the labels"
        planes = [
            np.asarray(label_numbers(self._plane(index, z, window), name))
            for z in self._depths(window)
        ]
        found = np.stack(planes) if self.axes == "zyx" else planes[0]
        kind = np.uint8 if found.dtype == np.bool_ else found.dtype
        return found.astype(kind, copy=False)

    def _depths(self, window: Window) -> range:
        return (
            range(*window[0].indices(self.shape[0])) if len(window) == 3 else range(1)
        )

    def _plane(self, index: int, z: int, window: Window) -> Pixels:
        at = {"z": z, **self.where(index)} if "z" in self.frames.sizes else None
        frame = index if at is None else self.frames.ravel(at)
        (top, bottom), (left, right) = ((s.start, s.stop) for s in window[-2:])
        return self.frames.read(frame, Region(top, left, bottom, right))


def check_fits(image: Frames, labels: Frames) -> None:
    """Refuse an image that labels are not of.

    Raises
    ------
    AxesError
        If its planes are others.
    """
    mine, theirs = dict(image.sizes), dict(labels.sizes)
    if mine != theirs or image.plane_shape != labels.plane_shape:
        raise AxesError(
            f"The labels are {labels!r} and the image is {image!r}: expected the same "
            "frames, rows and columns of both. Name the axes of both, or cut the "
            "image to the labels."
        )
