"""Images of things that look like cells, roofs and fibres, with their labels.

Seeded and made up from nothing: a scene is a handful of random choices (what shape the
objects have, how dense they are, how the light falls, what the sensor adds), so that a
small network meets far more variety than any one collection of real images has.
"""

from __future__ import annotations

from napari_sam.synthetic.draw import KINDS, draw_scene
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.stack import Stack
from napari_sam.synthetic.timelapse import draw_timelapse
from napari_sam.synthetic.volume import draw_volume

__all__ = ["KINDS", "Scene", "Stack", "draw_scene", "draw_timelapse", "draw_volume"]
