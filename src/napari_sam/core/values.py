"""The small nouns that travel between rooms."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.core.errors import PromptError

#: Labels are kept as uint32 at most.
_MOST = 2**32 - 1


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Which object, in which plane.

    `frame` counts from 0, `object_id` from 1, since 0 is the background of labels.
    """

    frame: int
    object_id: int

    def __post_init__(self) -> None:
        if self.frame < 0:
            raise PromptError(f"frame={self.frame}: frames are counted from 0.")
        if not 1 <= self.object_id <= _MOST:
            raise PromptError(
                f"object={self.object_id}: a label is a number from 1 to {_MOST}."
            )


@dataclass(frozen=True, slots=True)
class EmbeddingKey:
    """Where an embedding lives, and proof of what it is.

    Attributes
    ----------
    model
        Fingerprint of the backend: weights, precision and preprocessing.
    tiling
        How the plane was cut and shown to the model: tiling and appearance.
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
