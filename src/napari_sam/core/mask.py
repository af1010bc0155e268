"""A mask: which pixels of a plane belong to an object, wherever they lie."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.resampling import bordered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

#: How run lengths are packed: four bytes each, the same on every machine.
_PACKED = np.dtype("<u4")


def _lengths_of(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Lengths of the runs of a mask, row by row, starting with what is not set."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    start = [0, 0] if flat[0] else [0]
    return np.diff(np.concatenate([start, changes, [flat.size]]))


@dataclass(frozen=True, slots=True)
class Mask:
    """Pixels of an object: a region of the plane, and which of its pixels are set.

    A small value that can be compared, hashed, written and sent: pixels are held as
    run lengths and made when they are asked for, each time anew. `from_array` cuts a
    mask to the pixels that are set, so that the same pixels are the same value.

    Attributes
    ----------
    region
        Where the pixels lie on the plane.
    runs
        Lengths of the runs in the region, row by row, starting with what is not set;
        packed as little-endian uint32. See `from_runs` and `run_lengths`.

    Examples
    --------
    >>> mask = Mask.from_array([[0, 1, 1], [0, 0, 1]], top=10, left=20)
    >>> mask.area, mask.region.left, mask.run_lengths.tolist()
    (3, 21, [0, 2, 1, 1])
    """

    region: Region
    runs: bytes

    def __post_init__(self) -> None:
        height, width = self.region.shape
        total = int(self.run_lengths.sum())
        if min(height, width) < 0 or total != height * width:
            raise ImageError(
                f"The runs of a mask sum to {total} pixels; its region is {height} x "
                f"{width}."
            )

    @classmethod
    def from_array(cls, array: ArrayLike, *, top: int = 0, left: int = 0) -> Mask:
        """Make a mask of an array whose first pixel is at ``(top, left)``."""
        pixels = np.asarray(array)
        if pixels.ndim != 2:
            raise ImageError(f"A mask has two dimensions; {pixels.ndim} given.")
        pixels = pixels.astype(bool, copy=False)
        tight = Region.around(pixels)
        if min(tight.shape) < 1:
            return cls(tight, b"")
        runs = _lengths_of(pixels[tight.slices]).astype(_PACKED).tobytes()
        return cls(tight.shifted(int(top), int(left)), runs)

    @classmethod
    def from_label(
        cls, labels: NDArray[np.integer], label: int, *, top: int = 0, left: int = 0
    ) -> Mask:
        """Make a mask of the pixels of a label in ``(y, x)`` labels at a position."""
        return cls.from_array(labels == label, top=top, left=left)

    @classmethod
    def empty(cls) -> Mask:
        """Make a mask without pixels."""
        return cls(Region(0, 0, 0, 0), b"")

    @classmethod
    def from_runs(cls, region: Region, lengths: Sequence[int]) -> Mask:
        """Make a mask of its run lengths in a region."""
        runs = np.asarray(lengths, np.int64)
        if (runs < 0).any() or (runs > np.iinfo(_PACKED).max).any():
            raise ImageError("The runs of a mask are lengths: none can be negative.")
        return cls(region, runs.astype(_PACKED).tobytes())

    def __repr__(self) -> str:
        return f"Mask({self.area} pixels in {self.region})"

    def __bool__(self) -> bool:
        """Whether any pixel is set."""
        return self.area > 0

    @property
    def run_lengths(self) -> NDArray[np.uint32]:
        """Lengths of its runs, row by row, starting with what is not set."""
        return np.frombuffer(self.runs, _PACKED)

    @property
    def array(self) -> NDArray[np.bool_]:
        """True inside the object; covers `region`, not the whole plane."""
        runs = self.run_lengths
        return np.repeat(np.arange(len(runs)) % 2 == 1, runs).reshape(self.region.shape)

    @property
    def area(self) -> int:
        """Pixels that are set."""
        return int(self.run_lengths[1::2].sum())

    @property
    def digest(self) -> str:
        """Digest of the pixels and where they are, the same on every machine."""
        return blake2b(
            f"{self.region}".encode() + self.runs, digest_size=16
        ).hexdigest()

    @property
    def deepest(self) -> tuple[int, int]:
        """The pixel farthest from any that is not set, as ``(row, col)``."""
        if not self:
            raise ImageError("An empty mask has no deepest pixel.")
        depth = _squared_depth(self.array)
        row, col = np.unravel_index(int(depth.argmax()), depth.shape)
        return self.region.top + int(row), self.region.left + int(col)

    @property
    def outline(self) -> Mask:
        """The outline: pixels that have an edge in common with one that is not set."""
        array = bordered(self.array, 1)
        inner = array[:-2, 1:-1] & array[2:, 1:-1] & array[1:-1, :-2] & array[1:-1, 2:]
        edge = array[1:-1, 1:-1] & ~inner
        return Mask.from_array(edge, top=self.region.top, left=self.region.left)

    def contains(self, row: float, col: float) -> bool:
        """Whether the pixel at a position is set; pixel centres are integers."""
        top, left = int(np.floor(row + 0.5)), int(np.floor(col + 0.5))
        return bool(self.in_window(Region(top, left, top + 1, left + 1)).any())

    def iou(self, other: Mask) -> float:
        """Intersection over union with another mask; 1 if both are empty."""
        both = self._common(other)
        either = self.area + other.area - both
        return both / either if either else 1.0

    def in_window(self, window: Region) -> NDArray[np.bool_]:
        """Return its pixels in any window of the plane."""
        out = np.zeros(window.shape, bool)
        common = self.region.intersection(window)
        if min(common.shape) > 0:
            part = common.shifted(-self.region.top, -self.region.left)
            at = common.shifted(-window.top, -window.left)
            out[at.slices] = self.array[part.slices]
        return out

    def shifted(self, rows: int, cols: int) -> Mask:
        """Return the mask moved by rows and columns."""
        return Mask(self.region.shifted(rows, cols), self.runs)

    def __and__(self, other: Mask) -> Mask:
        """Return the pixels of both."""
        window = self.region.intersection(other.region)
        both = self.in_window(window) & other.in_window(window)
        return Mask.from_array(both, top=window.top, left=window.left)

    def __or__(self, other: Mask) -> Mask:
        """Return the pixels of either."""
        if not (self and other):
            return self or other
        window = self.region.union(other.region)
        either = self.in_window(window) | other.in_window(window)
        return Mask.from_array(either, top=window.top, left=window.left)

    def __sub__(self, other: Mask) -> Mask:
        """Return the pixels that the other lacks."""
        rest = self.array & ~other.in_window(self.region)
        return Mask.from_array(rest, top=self.region.top, left=self.region.left)

    def _common(self, other: Mask) -> int:
        window = self.region.intersection(other.region)
        if min(window.shape) < 1:
            return 0
        return int(np.count_nonzero(self.in_window(window) & other.in_window(window)))


def _squared_depth(mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Squared distance of every pixel to the nearest one that is not set.

    Along the columns first; then pixels as far away along the row as could be nearer.
    """
    padded = bordered(mask, 1)
    rows = np.arange(len(padded), dtype=np.int32)[:, None]
    above = rows - np.maximum.accumulate(np.where(padded, 0, rows), axis=0)
    last = np.where(padded, len(padded), rows)[::-1]
    below = np.minimum.accumulate(last, axis=0)[::-1] - rows
    column = np.minimum(above, below) ** 2
    depth, step, most = column.copy(), 1, column.max()
    while step < depth.shape[1] and step * step < most:
        far = column + step * step
        np.minimum(depth[:, step:], far[:, :-step], out=depth[:, step:])
        np.minimum(depth[:, :-step], far[:, step:], out=depth[:, :-step])
        step += 1
        most = depth.max() if step % 8 == 0 else most
    return depth[1:-1, 1:-1]
