"""Prompts: points, boxes, polygons, scribbles and masks about one object."""

from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Scribble,
)
from napari_sam.core.prompts.prompts import Prompts

__all__ = [
    "Box",
    "Candidate",
    "MaskPrompt",
    "Point",
    "Polygon",
    "Prompt",
    "Prompts",
    "Scribble",
]
