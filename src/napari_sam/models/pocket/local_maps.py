"""Features of prompt maps, computed where a prompt says something: near the object."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from napari_sam.models.pocket.cell_window import CellWindow
from napari_sam.models.pocket.config import MAPS
from napari_sam.models.pocket.prompt_encoder import MapFeatures

if TYPE_CHECKING:
    from torch import Tensor

    from napari_sam.models.pocket.context_window import PocketPrompts
    from napari_sam.models.pocket.prompt_encoder import PocketPromptEncoder

#: How much finer each of `MapFeatures` is than stride 16.
_TIMES = (1, 2, 4)
#: Stride-16 cells around what is said in which features hear of it.
_REACH = 1
#: Sides of windows are multiples of so many cells.
_STEP = 2
#: Sizes of grids of which the features of nothing but outside are cached.
_SIZES = 16


class LocalMaps:
    """Features of prompt maps.

    An approximate mask says the same of all that is not near to the object: it is
    outside. The features there are computed once for all objects, and only those of a
    window around each are its own.

    Parameters
    ----------
    encoder
        With weights that stay as they are.
    """

    def __init__(self, encoder: PocketPromptEncoder) -> None:
        self._encoder = encoder
        self._outside = lru_cache(_SIZES)(self._of_outside)

    def features(self, inputs: PocketPrompts, cells: tuple[int, int]) -> MapFeatures:
        """Return the features of the maps of N prompts on a grid of cells."""
        maps = inputs.maps(cells)
        if not inputs.approximate or inputs.previous is not None:
            found: MapFeatures = self._encoder(maps)
            return found
        outside = self._outside(cells)
        found = MapFeatures(*(_repeated(f, len(maps)) for f in outside))
        for n, said in enumerate(((maps[:, 0] > 0) | (maps[:, 1] < 1)).cpu().numpy()):
            window = CellWindow.around(said, 4).around_by(2 * _REACH, cells, _STEP)
            own = self._encoder(maps[n : n + 1, :, *window.at(4)])
            inner = _without_rim(window, cells)
            within = inner.shifted(-window.top, -window.left)
            for whole, part, times in zip(found, own, _TIMES, strict=True):
                whole[n][:, *inner.at(times)] = part[0][:, *within.at(times)]
        return found

    def _of_outside(self, cells: tuple[int, int]) -> MapFeatures:
        maps = self._encoder.kind.weight.new_zeros(1, MAPS, 4 * cells[0], 4 * cells[1])
        maps[:, 1] = 1
        found: MapFeatures = self._encoder(maps)
        return found


def _repeated(x: Tensor, count: int) -> Tensor:
    """Repeat ``(1, C, h, w)``, laid out as convolutions take it."""
    return x.permute(0, 2, 3, 1).repeat(count, 1, 1, 1).permute(0, 3, 1, 2)


def _without_rim(window: CellWindow, cells: tuple[int, int]) -> CellWindow:
    """Leave out the cells at sides where the grid goes on: zeros are not next to it."""
    return CellWindow(
        window.top + _REACH * (window.top > 0),
        window.left + _REACH * (window.left > 0),
        window.bottom - _REACH * (window.bottom < cells[0]),
        window.right - _REACH * (window.right < cells[1]),
    )
