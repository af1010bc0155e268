"""A promptable plane: what completing a mask needs to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.image.connected import connected

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts


@dataclass(frozen=True, slots=True)
class PromptablePlane:
    """One plane whose tiles can be decoded.

    Attributes
    ----------
    decode
        Decodes prompts in a tile, in its own pixels; the mask is on the plane.
    cost
        How many pixels are read for a tile.
    tiling
        How it is cut.
    shape
        Its rows and columns.
    keep_connected
        Whether of a mask for clicks only the parts that were clicked are kept.
    """

    decode: Callable[[Tile, Prompts], Prediction]
    cost: Callable[[Tile], int]
    tiling: Tiling
    shape: tuple[int, int]
    keep_connected: bool = True

    def cleaned(self, prediction: Prediction, prompts: Prompts) -> Prediction:
        """Return a mask without what no click hit, where that is asked for."""
        return connected(prediction, prompts) if self.keep_connected else prediction
