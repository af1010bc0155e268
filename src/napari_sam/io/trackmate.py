"""Contents of a file of TrackMate: spots with outlines, links, and their image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray


class Spot(NamedTuple):
    """A spot of TrackMate: one object on one frame.

    Attributes
    ----------
    id
        Its number, in the whole file.
    frame
        From 0.
    position
        Plane, row and column of its middle, in pixels.
    radius
        In pixels: of the disc, or the ball, of its size.
    outline
        Its outer ring ``(n, 2)`` as ``(row, col)``, in pixels whose middles are whole
        numbers; None in volumes, and where only its size is known.
    features
        Further numbers by name.
    """

    id: int
    frame: int
    position: tuple[float, float, float]
    radius: float
    outline: NDArray[np.float64] | None
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class TrackMateImage:
    """The image that spots are of.

    Attributes
    ----------
    frames, planes, rows, cols
        Its size; 0 where a file does not say it.
    scale
        Size of a pixel along z, y and x, and the time between frames along t.
    space_unit, time_unit
        Units of the scale, as TrackMate writes them.
    file
        Path of the image, or nothing.
    """

    frames: int
    planes: int
    rows: int
    cols: int
    scale: Mapping[str, float] = field(default_factory=dict)
    space_unit: str = "pixel"
    time_unit: str = "frame"
    file: str = ""

    def size(self, axis: str) -> float:
        """Return the size of a pixel along an axis, 1 where it is not known."""
        return self.scale.get(axis) or 1.0
