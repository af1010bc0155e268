"""Layers of ours in a viewer: what they are called, how they look, where they stand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock.layers import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer, Points, Shapes

    from napari_sam.apps.dock.geometry import PlaneGeometry

#: Colours that stay apart for the colour-blind; besides, the symbols differ.
POSITIVE, NEGATIVE = "#009e73", "#d55e00"
#: Of the mask that may be kept, and of the one under the cursor.
PREVIEW, HOVER = "#56b4e9", "#f0e442"
#: Their numbers in the layer that shows both.
PREVIEWED, HOVERED = 1, 2
OUTLINES = {None: "transparent", PREVIEWED: PREVIEW, HOVERED: HOVER}
#: Side of a point, in pixels of the screen.
POINT_SIZE = 11.0

POINTS, SHAPES, LABELS = "SAM points", "SAM shapes", "SAM labels"
PREVIEW_NAME = "SAM preview"


@contextmanager
def staying_active(viewer: ViewerModel) -> Iterator[None]:
    """Leave the layer that is being worked on selected, whatever comes and goes."""
    active = viewer.layers.selection.active
    try:
        yield
    finally:
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active


def add_points(viewer: ViewerModel, geometry: PlaneGeometry) -> Points:
    """Add an empty layer for clicks, on top of all."""
    return viewer.add_points(
        np.zeros((0, geometry.ndim)),
        ndim=geometry.ndim,
        name=POINTS,
        features=_no_rows(),
        border_color="white",
        border_width=0.15,
        **geometry.keywords(),
    )


def add_shapes(viewer: ViewerModel, geometry: PlaneGeometry) -> Shapes:
    """Add an empty layer for boxes, lines and outlines, below the clicks."""
    layer = viewer.add_shapes(
        ndim=geometry.ndim,
        name=SHAPES,
        features=_no_rows(),
        edge_color=POSITIVE,
        edge_width=1,
        face_color="transparent",
        **geometry.keywords(),
    )
    _below(viewer, layer, POINTS)
    return layer


def add_labels(viewer: ViewerModel, data: Any, keywords: dict[str, Any]) -> Labels:
    """Add a layer for objects that are kept, above the image."""
    layer = viewer.add_labels(data, name=LABELS, opacity=0.6, **keywords)
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_overlay(viewer: ViewerModel, data: Any, keywords: dict[str, Any]) -> Labels:
    """Add a layer for outlines of masks that are not kept."""
    layer = viewer.add_labels(
        data, name=PREVIEW_NAME, colormap=OUTLINES, opacity=0.9, **keywords
    )
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def paint_points(layer: Points, current: int) -> None:
    """Colour points by what they mean; those of other objects are fainter."""
    positive = np.asarray(layer.features["positive"], bool)
    if not len(positive):
        return
    mine = np.asarray(layer.features["object"]) == current
    colors = _colors(positive, mine)
    layer.face_color = colors
    layer.symbol = np.where(positive, "disc", "cross")


def paint_shapes(layer: Shapes, current: int) -> None:
    """Colour shapes by what they mean; those of other objects are fainter."""
    positive = np.asarray(layer.features["positive"], bool)
    if len(positive):
        mine = np.asarray(layer.features["object"]) == current
        layer.edge_color = _colors(positive, mine)


def _colors(positive: Any, mine: Any) -> Any:
    colors = np.where(positive[:, None], _rgba(POSITIVE), _rgba(NEGATIVE))
    colors[:, 3] = np.where(mine, 1.0, 0.4)
    return colors


def _rgba(color: str) -> Any:
    return np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)] + [1.0])


def _no_rows() -> dict[str, Any]:
    types = (np.int64, bool, np.int64)
    return {name: np.zeros(0, kind) for name, kind in zip(COLUMNS, types, strict=True)}


def _below(viewer: ViewerModel, layer: Layer, *names: str) -> None:
    """Move a new layer below those of ours that belong above it."""
    above = [i for i, other in enumerate(viewer.layers) if other.name in names]
    if above:
        viewer.layers.move(viewer.layers.index(layer), min(above))
