"""The image that is annotated: its layer, axes and channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Image
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.widgets import choice, column, named, row, text
from napari_sam.apps.dock.plane_geometry import named_axes, possible_axes
from napari_sam.apps.dock.saved_labels import holds_labels, show_as_labels

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.controller import DockController

_WORDS = {"t": "time", "z": "depth", "c": "channels", "y": "rows", "x": "columns"}
_COLORS = ("Red", "Green", "Blue")


class ImagePanel(QWidget):
    """Opens an image layer as soon as there is one that needs no question."""

    def __init__(self, viewer: ViewerModel, controller: DockController) -> None:
        super().__init__()
        self._viewer, self._controller = viewer, controller
        self._layer: Layer | None = None
        self._ended, self._count = False, 0
        self.axes = choice("Axes of the image, in order")
        self.axes.activated.connect(self._on_axes)
        self._axes_row = named("Axes", self.axes)
        self.channels = [
            choice(f"The channel that is encoded as {color.lower()}")
            for color in _COLORS
        ]
        self._channels_row = self._channel_row()
        viewer.layers.events.inserted.connect(self._on_inserted)
        self.layers = LayerChoice(viewer, _is_image, self._on_layers)
        self.layers.setToolTip("The image to segment")
        self.layers.activated.connect(lambda _: self._chosen())
        rows = column(self)
        for line in (named("Image", self.layers), self._axes_row, self._channels_row):
            rows.addWidget(line)
        self._axes_row.hide()
        self._channels_row.hide()
        controller.annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(controller.annotator.session)
        self._on_layers()

    def end(self) -> None:
        """Disconnect from the signals of the viewer."""
        self._ended = True
        self._viewer.layers.events.inserted.disconnect(self._on_inserted)
        self.layers.close_list()

    def _channel_row(self) -> QWidget:
        for one in self.channels:
            one.activated.connect(lambda _: self._open())
        return _under(
            "Channels that are encoded as red, green, blue",
            row(*self.channels),
        )

    def _on_layers(self) -> None:
        """Open the first image that comes, and leave one that went."""
        if self._ended or not hasattr(self, "layers"):
            return
        count, before = self.layers.count(), self._count
        self._count = count
        if count > before and not self._is_gone():
            QTimer.singleShot(0, self, self._again)
        if self.layers.layer is None and count and self._may_leave(count > before):
            active = self._viewer.layers.selection.active
            self.layers.layer = active
            if self.layers.layer is None:
                self.layers.setCurrentIndex(0)
            # napari selects a new layer after all have heard of it; ours comes then.
            QTimer.singleShot(0, self, self._first)

    def _on_inserted(self, event: Any) -> None:
        """Show labels of ours as labels, once napari has finished with the file."""
        layer, say = event.value, self._controller.annotator.events.message.emit
        if holds_labels(layer):
            QTimer.singleShot(0, self, lambda: show_as_labels(self._viewer, layer, say))

    def _again(self) -> None:
        """Show the work on an image that was taken out and has come back."""
        if not self._ended and not self._is_gone():
            self._controller.show_again()
            self.layers.layer = self._controller.layer

    def _is_gone(self) -> bool:
        """Whether no image is open, or one that was removed."""
        layer = self._controller.layer
        return layer is None or layer not in self._viewer.layers

    def _may_leave(self, came: bool) -> bool:
        """Whether another image is taken in place of one that was removed.

        Work that was not saved stays open until another image comes, and also then if
        there is no other copy of it.
        """
        annotator = self._controller.annotator
        session = annotator.session
        if not self._is_gone() or session is None or not session.unsaved:
            return self._is_gone()
        if not came:
            return False
        if annotator.persistence.is_in_journal():
            return True
        annotator.events.message.emit(
            "error",
            "The work on the image that was removed is saved nowhere: save it, then "
            "choose the new image above.",
        )
        return False

    def _first(self) -> None:
        if not self._ended and self._is_gone():
            self._chosen()

    def _chosen(self) -> None:
        """Ask for axes where the layer does not say them; else open it."""
        layer = self.layers.layer
        if layer is None:
            return
        axes = named_axes(layer)
        self._layer = layer
        self.axes.clear()
        self._axes_row.setVisible(axes is None)
        if axes is None:
            self.axes.addItem("choose the axes …", None)
            for possible in possible_axes(layer)[:12]:
                self.axes.addItem(_spelled(possible), possible)
            self._offer_channels(None)
            self._controller.annotator.events.message.emit(
                "warning",
                f"Choose the axes of {layer.name!r} above: is it a time-lapse (time), "
                "or a z-stack (depth)?",
            )
            return
        self._offer_channels(axes)
        self._open()

    def _on_axes(self) -> None:
        self._offer_channels(self.axes.currentData())
        self._open()

    def _offer_channels(self, axes: str | None) -> None:
        count = 0
        if axes is not None and self._layer is not None and "c" in axes:
            data = self._layer.data[0] if self._layer.multiscale else self._layer.data
            count = int(data.shape[axes.index("c")])
        rgb = self._layer is not None and bool(getattr(self._layer, "rgb", False))
        self._channels_row.setVisible(count > 1 and not rgb)
        for i, one in enumerate(self.channels):
            one.clear()
            if i:
                one.addItem("none", None)
            for channel in range(count):
                one.addItem(str(channel), channel)
            one.setCurrentIndex(min(i + (i > 0), one.count() - 1))

    def _open(self) -> None:
        layer = self.layers.layer
        if layer is None:
            return
        axes = named_axes(layer) or self.axes.currentData()
        if axes is None:
            return
        chosen = [one.currentData() for one in self.channels]
        channels = [c for c in chosen if c is not None]
        hidden = not self._channels_row.isVisibleTo(self)
        self._controller.open(layer, axes=axes, channels=None if hidden else channels)

    def _on_opened(self, session: Any) -> None:
        self.layers.layer = self._controller.layer or self.layers.layer
        if session is None and not self.layers.count():
            self._axes_row.hide()
            self._channels_row.hide()


def _is_image(layer: Layer) -> bool:
    return isinstance(layer, Image) and not holds_labels(layer)


def _spelled(axes: str) -> str:
    return ", ".join(_WORDS[a] for a in axes)


def _under(words: str, widget: QWidget) -> QWidget:
    both = QWidget()
    rows = column(both)
    rows.addWidget(text(words, faint=True))
    rows.addWidget(widget)
    return both
