"""A region: a rectangle of whole pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_sam.core.images.pixels import Pixels
    from napari_sam.core.prompts.items import Box


@dataclass(frozen=True, slots=True, order=True)
class Region:
    """A region: a half-open rectangle of whole pixels."""

    top: int
    left: int
    bottom: int
    right: int

    @classmethod
    def around(cls, mask: Pixels) -> Region:
        """Region around the true pixels of ``(y, x)``; of no size if none is."""
        rows = np.flatnonzero(mask.any(1))
        if not rows.size:
            return cls(0, 0, 0, 0)
        top, bottom = int(rows[0]), int(rows[-1]) + 1
        cols = np.flatnonzero(mask[top:bottom].any(0))
        return cls(top, int(cols[0]), bottom, int(cols[-1]) + 1)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """Slices for an array whose last two axes are rows and columns."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    @property
    def center(self) -> tuple[float, float]:
        """Its middle as a position ``(row, col)``; pixel centres are integers."""
        return (self.top + self.bottom - 1) / 2, (self.left + self.right - 1) / 2

    def contains(self, row: float, col: float) -> bool:
        """Whether a position lies on one of its pixels."""
        return (
            self.top <= row + 0.5 < self.bottom and self.left <= col + 0.5 < self.right
        )

    def overlaps(self, box: Box) -> bool:
        """Whether any part of a box lies inside."""
        return (
            box.top < self.bottom
            and box.bottom > self.top
            and box.left < self.right
            and box.right > self.left
        )

    def covers(self, box: Box) -> bool:
        """Whether all of a box lies inside."""
        return (
            box.top >= self.top
            and box.bottom <= self.bottom
            and box.left >= self.left
            and box.right <= self.right
        )

    def shifted(self, rows: int, cols: int) -> Region:
        """Return the region moved by rows and columns."""
        return Region(
            self.top + rows, self.left + cols, self.bottom + rows, self.right + cols
        )

    def intersection(self, other: Region) -> Region:
        """Return the part that both cover; without rows or columns if there is none."""
        top, left = max(self.top, other.top), max(self.left, other.left)
        bottom, right = min(self.bottom, other.bottom), min(self.right, other.right)
        return Region(top, left, max(top, bottom), max(left, right))

    def grown(self, by: int) -> Region:
        """Return the region with so many more pixels on each side."""
        return Region(self.top - by, self.left - by, self.bottom + by, self.right + by)

    def union(self, other: Region) -> Region:
        """Return the smallest rectangle around both."""
        return Region(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )

    def coarser(self, by: int) -> Region:
        """Return the pixels, `by` times as large, that it touches."""
        return Region(
            self.top // by, self.left // by, -(-self.bottom // by), -(-self.right // by)
        )

    def scaled(self, factor: int, plane: tuple[int, int]) -> Region:
        """Return the pixels of a finer plane that its own stand for."""
        bottom, right = min(self.bottom * factor, plane[0]), self.right * factor
        return Region(
            self.top * factor, self.left * factor, bottom, min(right, plane[1])
        )
