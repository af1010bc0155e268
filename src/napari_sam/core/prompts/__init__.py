"""Prompts: points, boxes, polygons, scribbles and masks about one object."""

from napari_sam.core.prompts.items import (
    Box,
    Choice,
    MaskPrompt,
    Point,
    Polygon,
    Scribble,
    Statement,
)
from napari_sam.core.prompts.prompts import Prompts

__all__ = [
    "Box",
    "Choice",
    "MaskPrompt",
    "Point",
    "Polygon",
    "Prompts",
    "Scribble",
    "Statement",
]
