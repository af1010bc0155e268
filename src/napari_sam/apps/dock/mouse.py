"""Clicks on the layer for prompts: left is positive, right or Shift negative."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam.apps.dock.layer_style import POINT_SIZE, style_next_point

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari.components import ViewerModel
    from napari.layers import Points

    from napari_sam.apps.dock.frame_view import FrameView
    from napari_sam.apps.dock.prompt_layers import PromptLayers

#: Why a click is not taken.
_IN_3D = (
    "Prompts are made in 2D: go back to it by the 2D/3D button below the layers "
    "(Ctrl+Y)."
)
_TURNED = (
    "Another plane than that of rows and columns is shown, and prompts are made in "
    "that: change the order of the axes back (Ctrl+E)."
)


class PromptMouse:
    """What the mouse does on the layer for clicks, while its tool is "add points".

    A click says something; a press on a point that is there takes hold of it, and
    drags or selects it as napari's own tool for that does.

    Attributes
    ----------
    refused
        Emitted with a sentence about a click that cannot be a prompt.
    """

    refused = Signal(str)

    def __init__(
        self, viewer: ViewerModel, prompts: PromptLayers, view: FrameView
    ) -> None:
        self._viewer, self._prompts, self._view = viewer, prompts, view
        self._layers: list[Points] = []

    def attach(self, layer: Points) -> None:
        """Listen to the mouse on a layer; it comes before napari's own tools."""
        if all(layer is not other for other in self._layers):
            self._layers.append(layer)
            layer.mouse_drag_callbacks.insert(0, self._press)
            self._viewer.scene.camera.events.zoom.connect(self._fit)
            self._fit()

    def detach(self) -> None:
        """Remove the mouse callbacks from the layers."""
        for layer in self._layers:
            layer.mouse_drag_callbacks.remove(self._press)
            self._viewer.scene.camera.events.zoom.disconnect(self._fit)
        self._layers.clear()

    def _press(self, layer: Points, event: Any) -> Generator[None, None, None] | None:
        if str(layer.mode) != "add":
            return None
        if not self._view.shows_plane:
            self._lend(layer, "pan_zoom")
            self.refused.emit(_IN_3D if len(event.dims_displayed) > 2 else _TURNED)
            return None
        held = layer.get_value(
            event.position,
            view_direction=event.view_direction,
            dims_displayed=event.dims_displayed,
            world=True,
        )
        if held is None:
            opposite = event.button == 2 or "Shift" in event.modifiers
            positive = self._prompts.positive is not opposite
            self._prompts.aim(positive=positive)
            style_next_point(layer, positive=positive)
            return None
        self._lend(layer, "select")
        return None

    def _lend(self, layer: Points, mode: str) -> None:
        """Give a press to another tool of napari, until the button is let go.

        The tools of a layer are looked up one by one: the other comes next now, in
        place of "add", and whoever stands after it sees the end of its drag.
        """
        layer.mode = mode
        layer.mouse_drag_callbacks.append(self._let_go)

    def _let_go(self, layer: Points, event: Any) -> Generator[None, None, None]:
        yield
        while event.type == "mouse_move":
            yield
        layer.mouse_drag_callbacks.remove(self._let_go)
        selected = set(layer.selected_data)
        layer.mode = "add"
        layer.selected_data = selected

    def _fit(self, _: Any = None) -> None:
        """Keep points as large on the screen as they are, however near one looks."""
        for layer in self._layers:
            pixel = abs(float(np.asarray(layer.scale)[-1]))
            size = POINT_SIZE / (self._viewer.scene.camera.zoom * pixel)
            layer.current_size = size
            layer.size = size
