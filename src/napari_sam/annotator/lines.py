"""Lines that a person draws, as the pixels under them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence


def pixels_along(
    line: Sequence[tuple[float, float]], most: int = 200
) -> list[list[int]]:
    """Return pixels ``[row, col]`` on a line, at most so many."""
    corners = np.asarray(line, float)
    at = np.linspace(0, len(corners) - 1, most)
    steps = np.arange(len(corners))
    places = [np.interp(at, steps, corners[:, i]) for i in (0, 1)]
    return np.unique(np.rint(np.transpose(places)), axis=0).astype(int).tolist()  # type: ignore[no-any-return]
