"""What is drawn of more than one plane: images and labels over time, or over depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Stack", "camera_counts", "place_object"]

#: What a camera reads where no light falls.
_DARK = 100


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Planes of one scene, and what is in them.

    Attributes
    ----------
    image
        ``(planes, rows, cols)`` uint16.
    labels
        ``(planes, rows, cols)`` int32; 0 is background. An object has one number in all
        planes.
    parents
        Of what began when another divided: the number of that one.
    """

    image: NDArray[np.uint16]
    labels: NDArray[np.int32]
    parents: Mapping[int, int] = field(default_factory=dict)


def place_object(
    labels: NDArray[np.int32],
    depth: NDArray[np.float32],
    window: tuple[slice, ...],
    inside: NDArray[np.float32],
    number: int,
) -> None:
    """Give an object the pixels that lie deeper in it than in any other.

    Parameters
    ----------
    labels, depth
        What is drawn so far, and how deep each pixel lies in its object: 1 is the rim,
        less is inside. Both are changed.
    window
        Where the object may be.
    inside
        How deep the pixels there lie in it.
    number
        Its number.
    """
    nearer = inside < np.minimum(depth[window], 1)
    labels[window][nearer] = number
    depth[window][nearer] = inside[nearer]


def camera_counts(
    rng: np.random.Generator, light: NDArray[np.floating]
) -> NDArray[np.uint16]:
    """Turn expected numbers of photons into what a camera reads."""
    photons = rng.poisson(np.maximum(light, 0)) + rng.normal(_DARK, 3, light.shape)
    return photons.clip(0, np.iinfo(np.uint16).max).round().astype(np.uint16)
