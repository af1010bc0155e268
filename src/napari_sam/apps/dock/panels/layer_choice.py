"""Choosing one of a viewer's layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Layer


class LayerChoice(QComboBox):
    """The layers of a viewer that qualify, the topmost first, by their names now.

    A layer is held as an object: renaming or moving it does not lose it.

    Parameters
    ----------
    viewer
        Whose layers.
    qualifies
        Whether a layer is offered.
    changed
        Called when layers came or went, after the list is up to date.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        qualifies: Callable[[Layer], bool],
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__()
        self._viewer, self._qualifies, self._changed = viewer, qualifies, changed
        self._layers: list[Layer] = []
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.setMinimumContentsLength(6)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.connect(self.refill)
        self.refill()

    @property
    def layer(self) -> Layer | None:
        """The layer that is chosen."""
        index = self.currentIndex()
        return self._layers[index] if 0 <= index < len(self._layers) else None

    @layer.setter
    def layer(self, layer: Layer | None) -> None:
        found = [i for i, other in enumerate(self._layers) if other is layer]
        self.setCurrentIndex(found[0] if found else -1)

    def close_list(self) -> None:
        """Disconnect from the signals of the viewer."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.reordered):
            event.disconnect(self.refill)
        for layer in self._layers:
            layer.events.name.disconnect(self._rename)
        self._layers = []

    def refill(self, _: Any = None) -> None:
        """List the layers that qualify now; the one that is chosen stays chosen."""
        chosen = self.layer
        for layer in self._layers:
            layer.events.name.disconnect(self._rename)
        self._layers = [
            one for one in reversed(self._viewer.layers) if self._qualifies(one)
        ]
        self.blockSignals(True)
        self.clear()
        self.addItems([layer.name for layer in self._layers])
        self.layer = chosen
        self.blockSignals(False)
        for layer in self._layers:
            layer.events.name.connect(self._rename)
        self._changed()

    def _rename(self, _: Any = None) -> None:
        for i, layer in enumerate(self._layers):
            self.setItemText(i, layer.name)
