"""The tiles of a plane. No pixels are read here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd
from typing import TYPE_CHECKING, overload

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Pixels that tiles are aligned to, where their step allows it.
_PATCH = 32


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile: the window of a plane that is encoded at once.

    Attributes
    ----------
    level
        How much coarser than the plane its pixels are: by ``2 ** level``.
    index
        Its number among the tiles of that level.
    read
        The window that is encoded, in pixels of the level.
    core
        The pixels that are nearer to its middle than to that of any other tile.
    shape
        Rows and columns that the encoder is given: beyond the window, they are
        padded, so that every tile has the same scale.
    """

    level: int
    index: int
    window: Region
    core: Region
    shape: tuple[int, int]

    @property
    def scale(self) -> int:
        """Rows and columns of the plane per pixel of the tile."""
        return 1 << self.level

    def region(self, plane: tuple[int, int]) -> Region:
        """Return its window, in pixels of a plane of this shape."""
        return self.window.scaled(self.scale, plane)


@dataclass(frozen=True, slots=True)
class TileAxis:
    """Tiles along one axis: each covers `length` pixels, `step` after the one before.

    The last is moved back until it ends with the plane, or just after: all of them
    start at a multiple of the step's power of two, up to 32. Encoders work in patches,
    and an object cut into patches in another way looks a little different to them.
    """

    size: int
    length: int
    step: int

    @property
    def count(self) -> int:
        """How many tiles there are."""
        return 1 + max(0, -(-(self.size - self.length) // self.step))

    def start(self, i: int) -> int:
        """Return the first pixel of the `i`-th tile."""
        patch = gcd(self.step, _PATCH)
        last = -(-(self.size - self.length) // patch) * patch
        return max(0, min(i * self.step, last))

    def edge(self, i: int) -> int:
        """Return the first pixel nearer to the `i`-th tile than to the one before."""
        if i in (0, self.count):
            return 0 if i == 0 else self.size
        return (self.start(i - 1) + self.start(i) + self.length - 1) // 2 + 1

    def nearest(self, at: float) -> int:
        """Return which tile has its middle nearest to a position."""
        pixel = min(max(int(at + 0.5), 0), self.size - 1)
        i = min(pixel // self.step, self.count - 1)
        while self.edge(i) > pixel:
            i -= 1
        return i


@dataclass(frozen=True, slots=True)
class TileGrid(Sequence[Tile]):
    """The tiles of a plane on one level, row by row.

    They are computed when they are needed, so that a plane of a million tiles
    takes no more memory than one of four. Their cores partition the level exactly.
    """

    level: int
    down: TileAxis
    across: TileAxis

    def __len__(self) -> int:
        return self.down.count * self.across.count

    @overload
    def __getitem__(self, index: int) -> Tile: ...
    @overload
    def __getitem__(self, index: slice) -> list[Tile]: ...
    def __getitem__(self, index: int | slice) -> Tile | list[Tile]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"tile {index} of {len(self)}")
        return self._tile(*divmod(index % len(self), self.across.count))

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the level."""
        return self.down.size, self.across.size

    def nearest(self, row: float, col: float) -> Tile:
        """Return the tile whose middle is nearest to a position on the level."""
        return self._tile(self.down.nearest(row), self.across.nearest(col))

    def tiles_in(self, region: Region) -> Iterator[Tile]:
        """Every tile whose core has a part in a region of the level."""
        region = region.intersection(Region(0, 0, *self.shape))
        if min(region.shape) < 1:
            return
        first, last = region.top, region.bottom - 1
        for i in range(self.down.nearest(first), self.down.nearest(last) + 1):
            left, right = region.left, region.right - 1
            for j in range(self.across.nearest(left), self.across.nearest(right) + 1):
                yield self._tile(i, j)

    def neighbour(self, tile: Tile, rows: int, cols: int) -> Tile | None:
        """Return the tile so many further down and to the right, if there is one."""
        i, j = divmod(tile.index, self.across.count)
        i, j = i + rows, j + cols
        there = 0 <= i < self.down.count and 0 <= j < self.across.count
        return self._tile(i, j) if there else None

    def _tile(self, i: int, j: int) -> Tile:
        down, across = self.down, self.across
        top, left = down.start(i), across.start(j)
        bottom = min(top + down.length, down.size)
        right = min(left + across.length, across.size)
        return Tile(
            level=self.level,
            index=i * across.count + j,
            window=Region(top, left, bottom, right),
            core=Region(
                down.edge(i), across.edge(j), down.edge(i + 1), across.edge(j + 1)
            ),
            shape=(down.length, across.length),
        )
