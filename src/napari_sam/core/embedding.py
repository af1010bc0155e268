"""What an encoder computed for a tile, and the key it is stored under."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

#: What an image encoder computed for one tile. SAM fills one array, SAM 2 three.
Embedding: TypeAlias = "Mapping[str, NDArray[Any]]"


@dataclass(frozen=True, slots=True)
class EmbeddingKey:
    """The key that an embedding is stored under, and proof of what it is.

    Attributes
    ----------
    model
        Fingerprint of the backend: weights, precision and preprocessing.
    tiling
        How the plane was cut and rendered for the model: tiling and appearance.
    grid
        Number of planes, level, and number of tiles per plane on that level.
    at
        Plane, level and tile.
    digest
        Name of the pixels that the encoder saw.
    plane_shape
        Rows and columns of the whole plane.
    """

    model: str
    tiling: str
    grid: tuple[int, int, int]
    at: tuple[int, int, int]
    digest: str
    plane_shape: tuple[int, int] = (0, 0)
