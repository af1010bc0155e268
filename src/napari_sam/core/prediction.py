"""A prediction: a mask as low-resolution logits, upsampled when it is needed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.resampling import upsample
from napari_sam.core.images.png import encode_png
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.tiles import Tile

#: Pixels along the longer side of a picture, and around the mask in it.
_PICTURE, _MARGIN = 320, 8
#: Cells from the edge of a tile at which a mask is taken to go on beyond it.
_EDGE = 2


@dataclass(frozen=True, eq=False)
class Prediction:
    """One mask, still as logits, and how sure the model is of it.

    The grid of logits starts at the top-left edge of `tile`, and each of its cells
    spans `stride` pixels. Pixel ``(r, c)`` of the tile reads the grid bilinearly at
    ``((r + 0.5) / stride - 0.5, ...)``, and belongs to the object where that exceeds
    `threshold`. Only the part of the tile that holds the mask is ever upsampled.

    Attributes
    ----------
    logits
        Low-resolution logits, float32.
    score
        The model's own estimate of the mask's IoU, from 0 to 1. What a model gives
        beyond that is clipped here; candidates were put in order before.
    tile
        What the grid covers, in pixels of the plane. It may end before the grid does.
    stride
        Rows and columns of the plane per cell.
    threshold
        Logits above this are the object.
    alternatives
        Further candidates, best first.
    open_edges
        Whether the plane goes on beyond the top, left, bottom and right of `tile`.
    truncated
        The object goes on where no tile was decoded any more.
    """

    logits: NDArray[np.float32]
    score: float
    tile: Region
    stride: tuple[float, float] = (1.0, 1.0)
    threshold: float = 0.0
    alternatives: tuple[Prediction, ...] = ()
    open_edges: tuple[bool, bool, bool, bool] = (False, False, False, False)
    truncated: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "score", min(max(self.score, 0.0), 1.0))

    def __repr__(self) -> str:
        if not self.area:
            return f"Prediction(empty, score={self.score:.2f})"
        cut = "" if self.complete else ", incomplete"
        return f"Prediction({self.area} pixels in {self.region}, {self.score:.2f}{cut})"

    def _repr_png_(self) -> bytes:
        """Return a small picture of the mask, white; notebooks show it."""
        step = max(1, -(-max(self.region.shape) // _PICTURE))
        picture = np.pad(self.mask[::step, ::step], _MARGIN) * np.uint8(255)
        return encode_png(picture)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers `region`, not the whole plane."""
        return self._found[1]

    @property
    def region(self) -> Region:
        """The smallest rectangle that holds the mask, in pixels of the plane."""
        return self._found[0]

    @cached_property
    def area(self) -> int:
        """Pixels in the mask."""
        return int(np.count_nonzero(self.mask))

    def to_mask(self) -> Mask:
        """Return the mask as a value that can be compared, written and sent."""
        region, array = self._found
        return Mask.from_array(array, top=region.top, left=region.left)

    @property
    def complete(self) -> bool:
        """Whether the mask is of the whole object.

        False if it reaches an edge of the tiles decoded, and the plane goes on.
        """
        return not self.truncated and not any(self.crossed_edges)

    @cached_property
    def crossed_edges(self) -> tuple[bool, bool, bool, bool]:
        """Whether the mask leaves the tile at its top, left, bottom and right."""
        if not any(self.open_edges):
            return False, False, False, False
        rows, cols = self._tile_cells
        above = self.logits[:rows, :cols] > self.threshold
        sides = above[:_EDGE], above[:, :_EDGE], above[-_EDGE:], above[:, -_EDGE:]
        top, left, bottom, right = (
            more and bool(side.any())
            for more, side in zip(self.open_edges, sides, strict=True)
        )
        return top, left, bottom, right

    @property
    def candidates(self) -> tuple[Prediction, ...]:
        """The candidate masks: this one and its alternatives, best first."""
        return (self, *self.alternatives)

    def chosen(self, index: int) -> Prediction:
        """Return the prediction with the `index`-th candidate first."""
        if not 0 <= index < len(self.candidates):
            raise PromptError(
                f"Candidate {index} was chosen, but there are {len(self.candidates)}, "
                "counted from 0. Only a single click has several."
            )
        best = replace(self.candidates[index], alternatives=())
        rest = (c for i, c in enumerate(self.candidates) if i != index)
        return replace(
            best, alternatives=tuple(replace(c, alternatives=()) for c in rest)
        )

    def shifted(self, rows: int, cols: int) -> Prediction:
        """Move the mask, e.g. from tile to plane coordinates."""
        alternatives = tuple(o.shifted(rows, cols) for o in self.alternatives)
        return replace(
            self, tile=self.tile.shifted(rows, cols), alternatives=alternatives
        )

    def on_plane(self, tile: Tile, plane: tuple[int, int]) -> Prediction:
        """Move the mask from a tile to the plane of this shape that it is a part of."""
        region = tile.region(plane)
        open_edges = (
            region.top > 0,
            region.left > 0,
            region.bottom < plane[0],
            region.right < plane[1],
        )
        return replace(
            self,
            tile=region,
            stride=(self.stride[0] * tile.scale, self.stride[1] * tile.scale),
            alternatives=tuple(o.on_plane(tile, plane) for o in self.alternatives),
            open_edges=open_edges,
        )

    def with_threshold(self, threshold: float) -> Prediction:
        """Return the mask of more (lower) or less (higher) of the object."""
        alternatives = tuple(o.with_threshold(threshold) for o in self.alternatives)
        return replace(self, threshold=threshold, alternatives=alternatives)

    def full(self, shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Return the mask on a whole plane of `shape`."""
        plane = np.zeros(shape, bool)
        plane[self.region.slices] = self.mask
        return plane

    def sampled(self, region: Region, step: int = 1) -> NDArray[np.float32]:
        """Return logits at the middles of the pixels of a region, without threshold.

        Parameters
        ----------
        region
            Of the plane, and inside `tile`; in pixels that are `step` times as large.
        step
            Rows and columns of the plane per pixel returned.
        """
        start = self.tile.top, self.tile.left
        return upsample(self.logits, region.slices, self.stride, start, step)

    @property
    def _tile_cells(self) -> tuple[int, int]:
        """Rows and columns of the grid that lie on the tile, not in its padding."""
        rows, cols = (
            max(1, min(n, int((size - 0.5) / step) + 1))
            for n, size, step in zip(
                self.logits.shape, self.tile.shape, self.stride, strict=True
            )
        )
        return rows, cols

    @cached_property
    def _found(self) -> tuple[Region, NDArray[np.bool_]]:
        near = self._neighbourhood()
        if near is not None:
            mask = upsample(self.logits, near.slices, self.stride) > self.threshold
            tight = Region.around(mask)
            if min(tight.shape):
                mask = np.ascontiguousarray(mask[tight.slices])
                region = tight.shifted(near.top, near.left)
                return region.shifted(self.tile.top, self.tile.left), mask
        top, left = self.tile.top, self.tile.left
        return Region(top, left, top, left), np.zeros((0, 0), bool)

    def _neighbourhood(self) -> Region | None:
        """Pixels of the tile that can reach a cell above the threshold."""
        above = self.logits > self.threshold
        rows, cols = np.flatnonzero(above.any(1)), np.flatnonzero(above.any(0))
        if not rows.size:
            return None
        (height, width), (down, right) = self.tile.shape, self.stride
        bottom = min(int((rows[-1] + 1.5) * down) + 2, height)
        end = min(int((cols[-1] + 1.5) * right) + 2, width)
        near = Region(
            max(int((rows[0] - 0.5) * down) - 1, 0),
            max(int((cols[0] - 0.5) * right) - 1, 0),
            # Where the grid ends before the tile does, its last cells reach its edge.
            height if rows[-1] == above.shape[0] - 1 else bottom,
            width if cols[-1] == above.shape[1] - 1 else end,
        )
        return near if min(near.shape) > 0 else None
