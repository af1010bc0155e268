"""Layers of ours in a viewer: what they are called, how they look, where they stand."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np

from napari_sam.annotator.colours import HOVER, PREVIEW
from napari_sam.apps.dock.layer_rows import features_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer, Points, Shapes, Tracks
    from numpy.typing import NDArray

    from napari_sam.annotator.tracking.track_points import NapariRows
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry

AnyLayer = TypeVar("AnyLayer", bound="Layer")
#: What a layer is made with, besides its data.
Keywords: TypeAlias = "dict[str, Any]"
#: Colours that stay apart for the colour-blind; besides, the symbols differ.
POSITIVE, NEGATIVE = "#009e73", "#d55e00"
_SYMBOLS = ("disc", "cross")
_RGBA = tuple((*bytes.fromhex(color[1:]), 255) for color in (POSITIVE, NEGATIVE))
#: Numbers of the preview mask and the one under the cursor in the layer of both.
PREVIEWED, HOVERED = 1, 2
OUTLINES = {None: "transparent", PREVIEWED: PREVIEW, HOVERED: HOVER}
#: Side of a point, in pixels of the screen.
POINT_SIZE = 11.0

POINTS, SHAPES, LABELS = "SAM points", "SAM shapes", "SAM labels"
PREVIEW_NAME, FOUND = "SAM preview", "SAM found"
TRACKS, ONION = "SAM tracks", "SAM frame before"
#: In a layer's metadata: which of them it is, and that it is hidden until it is reused.
_OURS, _RETIRED = "napari_sam_layer", "napari_sam_retired"


@contextmanager
def staying_active(viewer: ViewerModel) -> Iterator[None]:
    """Leave the layer that is being worked on selected, whatever comes and goes."""
    active = viewer.layers.selection.active
    try:
        yield
    finally:
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active


def still_in(viewer: ViewerModel, layer: AnyLayer | None) -> AnyLayer | None:
    """Return a layer of ours, or None if a person has deleted it from the viewer."""
    return layer if layer is not None and layer in viewer.layers else None


def has_image(viewer: ViewerModel, geometry: PlaneGeometry) -> bool:
    """Whether the image is in the viewer: without it, ours do not come again."""
    return geometry.layer in viewer.layers


def before_removal(layer: Layer) -> None:
    """Hide and empty a layer of ours that a person is about to remove.

    Otherwise, if points ever lost one, napari 0.9 draws from freed memory when the next
    layer comes, and the process ends. See docs/napari-crash.md, the report to napari.
    """
    if _OURS in layer.metadata:
        _empty(layer)  # before it is hidden: what is hidden is not drawn anew
        layer.visible = False


def _empty(layer: Layer) -> None:
    """Take all rows from a layer of points."""
    from napari.layers import Points

    if isinstance(layer, Points):
        layer.selected_data = set()
        layer.data = np.zeros((0, layer.ndim))


def retire(layer: Layer) -> None:
    """Hide a layer of ours that is needed no more; `add_points` and others reuse it.

    It is not removed: see `before_removal`.
    """
    _empty(layer)
    layer.visible = False
    layer.metadata[_RETIRED] = True
    if layer.metadata.get(_OURS) in (LABELS, PREVIEW_NAME, FOUND, ONION):
        layer.data = np.zeros((1,) * layer.ndim, np.uint8)  # what it held may be large


def _reused(
    viewer: ViewerModel, name: str, data: Any, keywords: Keywords
) -> Any | None:
    """Return a retired layer of ours, with other data and on top of all; or None."""
    ndim = len(keywords["scale"])
    for layer in viewer.layers:
        mine = layer.metadata.get(_OURS) == name and layer.ndim == ndim
        if mine and layer.metadata.pop(_RETIRED, False):
            layer.data = data
            for attribute, value in keywords.items():
                setattr(layer, attribute, value)
            layer.visible = True
            viewer.layers.move(viewer.layers.index(layer), len(viewer.layers))
            return layer
    return None


def add_points(viewer: ViewerModel, geometry: PlaneGeometry) -> Points:
    """Add an empty layer for clicks, on top of all."""
    nothing, keywords = np.zeros((0, geometry.ndim)), geometry.keywords()
    known: Points | None = _reused(viewer, POINTS, nothing, keywords)
    if known is not None:
        known.features = features_of([])
        return known
    return viewer.add_points(
        nothing,
        ndim=geometry.ndim,
        name=POINTS,
        features=features_of([]),
        border_color="white",
        border_width=0.15,
        metadata={_OURS: POINTS},
        **keywords,
    )


def add_shapes(viewer: ViewerModel, geometry: PlaneGeometry) -> Shapes:
    """Add an empty layer for boxes, lines and outlines, below the clicks."""
    keywords = geometry.keywords()
    known: Shapes | None = _reused(viewer, SHAPES, [], keywords)
    if known is not None:
        known.features = features_of([])
        _below(viewer, known, POINTS)
        return known
    layer = viewer.add_shapes(
        ndim=geometry.ndim,
        name=SHAPES,
        features=features_of([]),
        edge_color=POSITIVE,
        edge_width=1,
        face_color="transparent",
        metadata={_OURS: SHAPES},
        **keywords,
    )
    _below(viewer, layer, POINTS)
    return layer


def add_labels(viewer: ViewerModel, data: Any, keywords: Keywords) -> Labels:
    """Add a layer for labels, above the image."""
    layer = _reused(viewer, LABELS, data, keywords) or viewer.add_labels(
        data, name=LABELS, opacity=0.6, metadata={_OURS: LABELS}, **keywords
    )
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_overlay(viewer: ViewerModel, data: Any, keywords: Keywords) -> Labels:
    """Add a layer for outlines of preview masks."""
    layer = _reused(viewer, PREVIEW_NAME, data, keywords) or viewer.add_labels(
        data,
        name=PREVIEW_NAME,
        colormap=OUTLINES,
        opacity=0.9,
        metadata={_OURS: PREVIEW_NAME},
        **keywords,
    )
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_found(viewer: ViewerModel, data: Any, keywords: Keywords) -> Labels:
    """Add a layer for outlines of automatic masks, each in its colour."""
    layer: Labels = _reused(viewer, FOUND, data, keywords) or viewer.add_labels(
        data, name=FOUND, opacity=0.9, metadata={_OURS: FOUND}, **keywords
    )
    layer.contour = 2
    layer.mode = "pan_zoom"
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_onion_skin(viewer: ViewerModel, data: Any, keywords: Keywords) -> Labels:
    """Add a layer for outlines of the frame before, thin and faint."""
    layer: Labels = _reused(viewer, ONION, data, keywords) or viewer.add_labels(
        data, name=ONION, opacity=0.7, metadata={_OURS: ONION}, **keywords
    )
    layer.contour = 1
    layer.mode = "pan_zoom"
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def add_tracks(viewer: ViewerModel, rows: NapariRows, keywords: Keywords) -> Tracks:
    """Add a layer for paths of objects, below the clicks."""
    layer: Tracks = viewer.add_tracks(
        rows.data,
        graph=rows.graph,
        name=TRACKS,
        tail_width=3,
        tail_length=10,
        metadata={_OURS: TRACKS},
        **keywords,
    )
    _below(viewer, layer, SHAPES, POINTS)
    return layer


def style_points(
    layer: Points, rows: NDArray[Any], positive: NDArray[Any], mine: NDArray[Any]
) -> None:
    """Style some points by their sign; those of other objects are fainter."""
    colors = _colors(positive[rows], mine[rows])
    if not np.allclose(layer.face_color[rows], colors):
        # In place, as napari itself colours selected points; all of them take it long.
        layer.face_color[rows] = colors
        layer.events.face_color()
    symbols = np.where(positive[rows], *_SYMBOLS)
    if any(map(str.__ne__, map(str, layer.symbol[rows]), symbols)):
        new = np.array(layer.symbol)
        new[rows] = symbols
        layer.symbol = new


def style_next_point(layer: Points, *, positive: bool) -> None:
    """Have napari add the next point as `style_points` would style it."""
    # Every point of the layer is drawn again when one of them is styled later.
    sign = np.array([positive])
    with layer.block_update_properties():
        layer.current_face_color = _colors(sign, np.array([True]))[0]
        layer.current_symbol = _SYMBOLS[0 if positive else 1]


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
    above = [
        i
        for i, other in enumerate(viewer.layers)
        if other.metadata.get(_OURS) in names and not other.metadata.get(_RETIRED)
    ]
    if above:
        viewer.layers.move(viewer.layers.index(layer), min(above))
