"""Shapes whose sizes are known by formulas."""

import numpy as np
import pytest


@pytest.fixture
def ellipsoid():
    """Return a function that draws an ellipse or an ellipsoid.

    Semi-axes are in units, and `spacing` is the size of a pixel; `angle` turns the last
    two axes.
    """

    def draw(semi, spacing=None, *, angle=0.0, number=1):
        spacing = np.ones(len(semi)) if spacing is None else np.array(spacing)
        reach = np.full(len(semi), max(semi)) / spacing
        shape = (2 * np.ceil(reach) + 5).astype(int)
        at = np.moveaxis(np.indices(shape), 0, -1).astype(float)
        at = (at - (shape - 1) / 2 - 0.31) * spacing  # no middle of a pixel is special
        y, x = at[..., -2].copy(), at[..., -1].copy()
        at[..., -2] = np.cos(angle) * y + np.sin(angle) * x
        at[..., -1] = -np.sin(angle) * y + np.cos(angle) * x
        return (((at / semi) ** 2).sum(-1) <= 1) * np.uint32(number)

    return draw
