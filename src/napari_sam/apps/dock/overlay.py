"""A small layer that shows one mask: only the window around it is ever held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock import ours

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

    from napari_sam.apps.dock.geometry import PlaneGeometry
    from napari_sam.core.prediction import Prediction

#: Pixels around the mask, so that its outline is drawn where it ends, too.
_RIM = 2


class MaskOverlay:
    """Shows a mask as an outline, in a layer of its own that is made when needed."""

    def __init__(
        self, viewer: ViewerModel, geometry: PlaneGeometry, name: str, color: str
    ) -> None:
        self._viewer, self._geometry = viewer, geometry
        self._name, self._color = name, color
        self._layer: Any = None

    @property
    def layer(self) -> Labels | None:
        """The layer, if there is one."""
        there = self._layer is not None and self._layer in self._viewer.layers
        return self._layer if there else None

    def show(self, mask: Prediction | None, frame: int) -> None:
        """Show a mask in one plane, or nothing."""
        if mask is None or not mask.area:
            self._hide()
            return
        region = mask.region
        pixels = np.pad(mask.mask.astype(np.uint8), _RIM)
        start = (region.top - _RIM, region.left - _RIM)
        offset = self._geometry.place(frame, start)[0]
        data = self._geometry.shaped(pixels)
        keywords = self._geometry.keywords(offset)
        layer = self.layer
        if layer is None:
            with ours.staying_active(self._viewer):
                self._layer = ours.add_overlay(
                    self._viewer, data, self._name, self._color, keywords
                )
            return
        layer.data = data
        layer.translate = keywords["translate"]
        layer.visible = True

    def remove(self) -> None:
        """Take the layer away."""
        layer, self._layer = self.layer, None
        if layer is not None:
            with ours.staying_active(self._viewer):
                self._viewer.layers.remove(layer)

    def _hide(self) -> None:
        if self.layer is not None:
            self.layer.visible = False
