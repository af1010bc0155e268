"""The small nouns that travel between rooms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Which object, in which plane."""

    frame: int
    object_id: int


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
    """

    model: str
    tiling: str
    grid: tuple[int, int, int]
    at: tuple[int, int, int]
    digest: str
