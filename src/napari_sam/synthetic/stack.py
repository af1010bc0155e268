"""A synthetic stack: images and labels over time, or over depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["Stack", "camera_counts", "place_object"]

#: Camera offset: counts without light.
_DARK = 100


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """Synthetic planes and the labels of their objects.

    Attributes
    ----------
    image
        ``(planes, rows, cols)`` uint16.
    labels
        ``(planes, rows, cols)`` int32; 0 is background. An object has one number in all
        planes.
    parents
        Number of the parent of each object that began by a division.
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
    """Set the label of an object on pixels that are deeper in it than in any other.

    Parameters
    ----------
    labels, depth
        Labels so far, and the relative depth of each pixel in its object: 1 is the rim,
        less is inside. Both are changed.
    window
        Window of the object.
    inside
        Relative depth of the pixels of the window in the object.
    number
        Number of the object.
    """
    nearer = inside < np.minimum(depth[window], 1)
    labels[window][nearer] = number
    depth[window][nearer] = inside[nearer]


def camera_counts(
    rng: np.random.Generator, light: NDArray[np.floating]
) -> NDArray[np.uint16]:
    """Return the counts of a camera from expected numbers of photons."""
    photons = rng.poisson(np.maximum(light, 0)) + rng.normal(_DARK, 3, light.shape)
    return photons.clip(0, np.iinfo(np.uint16).max).round().astype(np.uint16)
