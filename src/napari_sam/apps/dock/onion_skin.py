"""The onion skin: outlines of the neighbouring frame, on the one in view."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.apps.dock import layer_style
from napari_sam.session.time_axis import time_axis

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry


class OnionSkin:
    """Shows the labels of the frame before on each frame, as outlines.

    It is a view of the labels that is shifted by one frame: nothing is computed.

    Parameters
    ----------
    viewer
        Where the image is.
    annotator
        Whose labels are shown.
    """

    def __init__(self, viewer: ViewerModel, annotator: Annotator) -> None:
        self._viewer, self._annotator = viewer, annotator
        self._geometry: PlaneGeometry | None = None
        self._layer: Labels | None = None
        self._enabled = False

    @property
    def layer(self) -> Labels | None:
        """The layer, while it is shown."""
        return layer_style.still_in(self._viewer, self._layer)

    @property
    def can_be_shown(self) -> bool:
        """Whether there is a frame before; labels on disk are too large for this."""
        session = self._annotator.session
        return (
            self._geometry is not None
            and session is not None
            and self._annotator.timeline is not None
            and isinstance(session.labels, np.ndarray)
            and session.frames.sizes[time_axis(session.frames)] > 1
        )

    @property
    def enabled(self) -> bool:
        """Whether it is to be shown; setting it shows or hides it."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        self._hide()
        if enabled and self.can_be_shown:
            self._show()

    def show_on(self, geometry: PlaneGeometry | None) -> None:
        """Show it on another image from now on, or on none."""
        self._geometry = geometry
        self.enabled = self._enabled

    def close(self) -> None:
        """Disconnect from signals, and hide the layer."""
        self._hide()

    def _show(self) -> None:
        session, geometry = self._annotator.session, self._geometry
        assert session is not None
        assert geometry is not None
        along = geometry.axes.index(time_axis(session.frames))
        labels = geometry.view(session.labels)
        before = labels[(slice(None),) * along + (slice(None, -1),)]
        offset = [float(axis == along) for axis in range(geometry.ndim)]
        with layer_style.staying_active(self._viewer):
            self._layer = layer_style.add_onion_skin(
                self._viewer, before, geometry.keywords(offset)
            )
        self._annotator.events.objects_changed.connect(self._refresh)

    def _hide(self) -> None:
        if self._layer is not None:
            self._annotator.events.objects_changed.disconnect(self._refresh)
        if self.layer is not None:
            layer_style.retire(self.layer)
        self._layer = None

    def _refresh(self) -> None:
        layer = self.layer
        if layer is not None:
            layer.refresh(extent=False)
