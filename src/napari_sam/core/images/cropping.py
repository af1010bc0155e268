"""Cropping: a part of every plane as an image of its own, read when it is needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.images.frames import Frames

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.pixels import PixelSource


def cropped(frames: Frames, region: Region) -> Frames:
    """Return the part of every plane that lies in a region; no pixel is read."""
    source = _Crop(frames.data, frames.axes, region)
    return Frames(source, frames.axes, nodata=frames.nodata)


@dataclass(frozen=True, slots=True, eq=False)
class _Crop:
    """Pixels of a region, read from those of the whole planes."""

    data: PixelSource
    axes: str
    region: Region

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each dimension."""
        sides = dict(zip("yx", self.region.shape, strict=True))
        lengths = zip(self.axes, self.data.shape, strict=True)
        return tuple(sides.get(axis, int(length)) for axis, length in lengths)

    @property
    def dtype(self) -> DTypeLike:
        """Type of the pixels."""
        return self.data.dtype

    def __getitem__(self, index: tuple[int | slice, ...]) -> ArrayLike:
        """Return a window of the region."""
        starts = {"y": self.region.top, "x": self.region.left}
        return self.data[
            tuple(
                _shifted(part, starts[axis], size) if axis in starts else part
                for axis, part, size in zip(self.axes, index, self.shape, strict=True)
            )
        ]


def _shifted(part: int | slice, start: int, size: int) -> int | slice:
    """Move an index of the crop to the whole axis."""
    if isinstance(part, slice):
        first, last, step = part.indices(size)
        return slice(first + start, last + start, step)
    return range(size)[part] + start
