"""Layers of ours in a viewer: what they are called, how they look, where they stand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock.layer_rows import features_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer, Points, Shapes
    from numpy.typing import NDArray

    from napari_sam.apps.dock.geometry import PlaneGeometry

#: Colours that stay apart for the colour-blind; besides, the symbols differ.
POSITIVE, NEGATIVE = "#009e73", "#d55e00"
_RGBA = tuple((*bytes.fromhex(color[1:]), 255) for color in (POSITIVE, NEGATIVE))
#: Of the preview mask, and of the one under the cursor.
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
        features=features_of([]),
        border_color="white",
        border_width=0.15,
        **geometry.keywords(),
    )


def add_shapes(viewer: ViewerModel, geometry: PlaneGeometry) -> Shapes:
    """Add an empty layer for boxes, lines and outlines, below the clicks."""
    layer = viewer.add_shapes(
        ndim=geometry.ndim,
        name=SHAPES,
        features=features_of([]),
        edge_color=POSITIVE,
        edge_width=1,
        face_color="transparent",
        **geometry.keywords(),
    )
    _below(viewer, layer, POINTS)
    return layer


def add_labels(viewer: ViewerModel, data: Any, keywords: dict[str, Any]) -> Labels:
    """Add a layer for labels, above the image."""
    layer = viewer.add_labels(data, name=LABELS, opacity=0.6, **keywords)
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_overlay(viewer: ViewerModel, data: Any, keywords: dict[str, Any]) -> Labels:
    """Add a layer for outlines of preview masks."""
    layer = viewer.add_labels(
        data, name=PREVIEW_NAME, colormap=OUTLINES, opacity=0.9, **keywords
    )
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def style_points(
    layer: Points, rows: NDArray[Any], positive: NDArray[Any], mine: NDArray[Any]
) -> None:
    """Style some points by their sign; those of other objects are fainter."""
    # In place, as napari itself colours selected points; all of them take it long.
    layer.face_color[rows] = _colors(positive[rows], mine[rows])
    layer.events.face_color()
    symbols = np.where(positive[rows], "disc", "cross")
    if any(map(str.__ne__, map(str, layer.symbol[rows]), symbols)):
        new = np.array(layer.symbol)
        new[rows] = symbols
        layer.symbol = new


def style_shapes(
    layer: Shapes, rows: NDArray[Any], positive: NDArray[Any], mine: NDArray[Any]
) -> None:
    """Style shapes by their sign; those of other objects are fainter."""
    layer.edge_color = _colors(positive, mine)


def _colors(positive: Any, mine: Any) -> Any:
    colors = np.where(positive[:, None], *_RGBA)
    colors = colors / 255
    colors[:, 3] = np.where(mine, 1.0, 0.4)
    return colors


def _below(viewer: ViewerModel, layer: Layer, *names: str) -> None:
    """Move a new layer below those of ours that belong above it."""
    above = [i for i, other in enumerate(viewer.layers) if other.name in names]
    if above:
        viewer.layers.move(viewer.layers.index(layer), min(above))
