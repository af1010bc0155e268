"""Scenes drawn from a style."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.synthetic.illumination import illuminate, out_of_focus
from napari_sam.synthetic.noise import log_uniform
from napari_sam.synthetic.placement import confluent, scattered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, colour

if TYPE_CHECKING:
    import numpy as np

    from napari_sam.synthetic.style import Style

__all__ = ["draw_objects", "draw_radius", "draw_styled"]


def draw_styled(rng: np.random.Generator, size: int, style: Style) -> Scene:
    """Draw a scene of a style, of `size` rows and columns."""
    radius = draw_radius(rng, size, style)
    wall_to_wall = rng.uniform() < style.confluent
    return draw_objects(rng, size, radius, style, wall_to_wall=wall_to_wall)


def draw_radius(rng: np.random.Generator, size: int, style: Style) -> float:
    """Draw the radius of the objects of a scene, in pixels."""
    least, most = style.radius
    return log_uniform(rng, least, size * most)


def draw_objects(
    rng: np.random.Generator,
    size: int,
    radius: float,
    style: Style,
    *,
    wall_to_wall: bool,
) -> Scene:
    """Draw a scene of objects of about a radius, in a style."""
    if wall_to_wall:
        labels = confluent(rng, size, radius, style.missing)
    else:
        labels = scattered(rng, size, radius, style.outlines)
    light = illuminate(rng, labels, radius, style)
    if style.out_of_focus and rng.uniform() < style.out_of_focus:
        light += out_of_focus(rng, labels, radius, style)
    grey = apply_sensor(rng, light)
    return Scene(colour(rng, grey, labels, plain=style.grey), labels)
