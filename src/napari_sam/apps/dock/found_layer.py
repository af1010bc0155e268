"""The layer of automatic masks that were found, and wait to be accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap, label_colormap

from napari_sam.apps.dock import layer_style
from napari_sam.apps.dock.class_colours import colormap_of
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Labels, Layer
    from napari.utils.events import Event
    from numpy.typing import NDArray

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.automatic import AutomaticMask

#: Pixels that the layer holds at most; of a larger plane, the middle of what was found.
_MOST = 2**26


class FoundLayer:
    """Shows the masks that `Everything` has found as outlines in one layer.

    A click on it, while it is the chosen layer, rejects a mask or takes it again.

    Parameters
    ----------
    viewer
        Where the image is.
    annotator
        Whose masks are shown.
    """

    def __init__(self, viewer: ViewerModel, annotator: Annotator) -> None:
        self._viewer, self._annotator = viewer, annotator
        self._geometry: PlaneGeometry | None = None
        self._layer: Labels | None = None
        self._before: Layer | None = None
        annotator.events.automatic_changed.connect(self.refresh)

    @property
    def layer(self) -> Labels | None:
        """The layer, while anything is shown."""
        return layer_style.still_in(self._viewer, self._layer)

    def show_on(self, geometry: PlaneGeometry | None) -> None:
        """Show masks on another image from now on, or on none."""
        self._hide()
        self._geometry = geometry

    def choose(self) -> None:
        """Make it the chosen layer until it goes, so that clicks reject masks."""
        chosen = self._viewer.layers.selection
        if self.layer is not None and chosen.active is not self.layer:
            self._before, chosen.active = chosen.active, self.layer

    def refresh(self) -> None:
        """Show the masks there are now."""
        everything = self._annotator.everything
        frame, geometry = everything.frame, self._geometry
        shown = geometry is not None and layer_style.has_image(self._viewer, geometry)
        if frame is None or geometry is None or not everything.masks or not shown:
            self._hide()
            return
        window = _window(everything.masks)
        labels = _drawn(everything.masks, window)
        data = geometry.shaped(labels)
        offset = geometry.to_data(frame, (window.top, window.left))[0]
        keywords = geometry.keywords(offset)
        layer = self.layer
        if layer is None:
            with layer_style.staying_active(self._viewer):
                layer = layer_style.add_found(self._viewer, data, keywords)
            layer.mouse_drag_callbacks.append(self._press)
            self._layer = layer
        else:
            layer.data = data
            for name, value in keywords.items():
                setattr(layer, name, value)
        self._colour(layer, frame, everything.masks)

    def close(self) -> None:
        """Disconnect from signals, and hide the layer."""
        self._annotator.events.automatic_changed.disconnect(self.refresh)
        self._hide()

    def _colour(
        self, layer: Labels, frame: int, masks: Sequence[AutomaticMask]
    ) -> None:
        """Give what words found one colour a word, and say it under the mouse."""
        words = self._annotator.words
        if not words.found_by:
            if not isinstance(layer.colormap, CyclicLabelColormap):
                layer.colormap = label_colormap()
                layer.features = {}
            return
        classes = {k: words.word_of(frame, m.mask) for k, m in enumerate(masks, 1)}
        layer.colormap = colormap_of(classes)
        scores = [round(one.score, 2) for one in masks]
        layer.features = {
            "index": list(classes), "word": list(classes.values()), "score": scores
        }  # fmt: skip

    def _hide(self) -> None:
        layer = self.layer
        if layer is not None:
            layer.mouse_drag_callbacks.remove(self._press)
            layer_style.retire(layer)
            layers = self._viewer.layers
            if layers.selection.active is layer and self._before in layers:
                layers.selection.active = self._before
        self._layer = None

    def _press(self, layer: Labels, event: Event) -> None:
        if self._geometry is None or str(layer.mode) != "pan_zoom":
            return
        position = self._geometry.of_world(event.position)[0]
        row, col = position[list(self._geometry.plane_axes)]
        self._annotator.everything.reject(float(row), float(col))


def _window(masks: Sequence[AutomaticMask]) -> Region:
    """Return the region around all masks, cut to what a layer holds."""
    region = masks[0].mask.region
    for one in masks[1:]:
        region = region.union(one.mask.region)
    side = int(_MOST**0.5)
    if region.shape[0] * region.shape[1] <= _MOST:
        return region
    row, col = (int(n) for n in region.center)
    middle = Region(row - side // 2, col - side // 2, row + side // 2, col + side // 2)
    return region.intersection(middle)


def _drawn(masks: Sequence[AutomaticMask], window: Region) -> NDArray[np.uint32]:
    """Return a label image of a window, smaller masks on top."""
    labels = np.zeros(window.shape, np.uint32)
    by_size = sorted(enumerate(masks, 1), key=lambda pair: -pair[1].mask.area)
    for k, one in by_size:
        common = one.mask.region.intersection(window)
        if min(common.shape) > 0:
            inside = one.mask.in_window(common)
            labels[common.shifted(-window.top, -window.left).slices][inside] = k
    return labels
