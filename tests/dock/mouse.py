"""A mouse without a window: napari's own way from an event to the tools of a layer."""

from types import SimpleNamespace

import numpy as np
from napari.utils._proxies import ReadOnlyWrapper
from napari.utils.interactions import (
    mouse_move_callbacks,
    mouse_press_callbacks,
    mouse_release_callbacks,
)


class Mouse:
    """Clicks and drags at positions of the world."""

    def __init__(self, viewer):
        self.viewer = viewer

    def click(self, position, **how):
        self.drag([position], **how)

    def drag(self, path, *, button=1, modifiers=()):
        first, *others = path
        self._tell(mouse_press_callbacks, "mouse_press", first, button, modifiers)
        for position in others:
            self._tell(mouse_move_callbacks, "mouse_move", position, button, modifiers)
        self._tell(
            mouse_release_callbacks, "mouse_release", path[-1], button, modifiers
        )

    def hover(self, position):
        self._tell(mouse_move_callbacks, "mouse_move", position, 0, (), dragging=False)

    def _tell(self, callbacks, kind, position, button, modifiers, *, dragging=True):
        dims = self.viewer.dims
        event = SimpleNamespace(
            type=kind,
            is_dragging=dragging,
            position=tuple(position),
            pos=np.array(position[-2:][::-1], float) * self.viewer.scene.camera.zoom,
            view_direction=None,
            up_direction=None,
            dims_displayed=list(dims.displayed),
            dims_point=list(dims.point),
            camera_zoom=self.viewer.scene.camera.zoom,
            button=button,
            modifiers=modifiers,
            handled=False,
        )
        self.viewer.cursor.position = event.position
        event = ReadOnlyWrapper(event, exceptions=("handled",))
        callbacks(self.viewer, event)
        layer = self.viewer.layers.selection.active
        if layer is not None:
            callbacks(layer, event)
