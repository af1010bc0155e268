"""Scenes drawn from a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.synthetic.illumination import light
from napari_sam.synthetic.placement import scattered, walled
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import colour, sense

if TYPE_CHECKING:
    from napari_sam.synthetic.style import Look

__all__ = ["draw_look", "draw_objects", "draw_radius"]


def draw_look(rng: np.random.Generator, size: int, look: Look) -> Scene:
    """Draw a scene of `size` rows and columns."""
    radius = draw_radius(rng, size, look)
    wall_to_wall = rng.uniform() < look.walled
    return draw_objects(rng, size, radius, look, wall_to_wall=wall_to_wall)


def draw_radius(rng: np.random.Generator, size: int, look: Look) -> float:
    """Choose how large the objects of a scene are, in pixels."""
    least, most = look.radius
    return float(np.exp(rng.uniform(np.log(least), np.log(max(size * most, least)))))


def draw_objects(
    rng: np.random.Generator,
    size: int,
    radius: float,
    look: Look,
    *,
    wall_to_wall: bool,
) -> Scene:
    """Draw a scene of objects of about a radius."""
    if wall_to_wall:
        labels = walled(rng, size, radius, look.missing)
    else:
        labels = scattered(rng, size, radius, look.outlines)
    grey = sense(rng, light(rng, labels, radius, look))
    return Scene(colour(rng, grey, labels, plain=look.grey), labels)
