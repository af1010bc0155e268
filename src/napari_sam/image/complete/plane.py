"""A promptable plane: decoding of its tiles, for completing masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.prompts import Candidate, Prompts
from napari_sam.core.prompts.prompts_in_tiles import prompts_in_tile

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.prediction import Prediction


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
    cleaned
        Returns a mask without parts that no click hit, where the setting says so.
    """

    decode: Callable[[Tile, Prompts], Prediction]
    cost: Callable[[Tile], int]
    tiling: Tiling
    shape: tuple[int, int]
    cleaned: Callable[[Prediction, Prompts], Prediction]

    def decode_again(
        self, tile: Tile, prompts: Prompts, hint: Prompts | None = None
    ) -> Prediction:
        """Decode in another tile the object of which a mask is known.

        Candidates were chosen of the first mask: here, `hint` tells which object it is.
        """
        items = tuple(p for p in prompts.items if not isinstance(p, Candidate))
        local = prompts_in_tile(Prompts(items), tile)
        return self.decode(tile, local if hint is None else hint + local)
