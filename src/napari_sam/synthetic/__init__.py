"""Synthetic images of cells, roofs and fibres, with their labels.

Seeded: a scene is made of a few random choices (shape and density of objects, light,
noise of the sensor), so that a small network is trained on far more variety than any
one collection of real images has.
"""

from __future__ import annotations

from napari_sam.synthetic.draw import KINDS, draw_scene
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.stack import Stack
from napari_sam.synthetic.timelapse import draw_timelapse
from napari_sam.synthetic.volume import draw_volume

__all__ = ["KINDS", "Scene", "Stack", "draw_scene", "draw_timelapse", "draw_volume"]
