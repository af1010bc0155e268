"""What putting an answer together needs to know of a plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts


@dataclass(frozen=True, slots=True)
class PromptablePlane:
    """One plane that can be asked, tile by tile.

    Attributes
    ----------
    ask
        Asks a tile, in its own pixels; the answer is on the plane.
    cost
        How many pixels are read for a tile.
    tiling
        How it is cut.
    plane
        Its rows and columns.
    """

    decode: Callable[[Tile, Prompts], Prediction]
    cost: Callable[[Tile], int]
    tiling: Tiling
    shape: tuple[int, int]
