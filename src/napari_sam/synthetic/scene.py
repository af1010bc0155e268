"""A synthetic scene: an image and its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Scene"]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A synthetic image and the labels of its objects.

    Attributes
    ----------
    image
        ``(rows, cols, 3)`` uint8.
    labels
        ``(rows, cols)`` int32; 0 is background.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.int32]
