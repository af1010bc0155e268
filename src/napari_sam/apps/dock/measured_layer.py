"""Measurements as features of the labels layer, linked with what is selected there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.dock.frame_view import FrameView

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.binding import LayerBinding


class MeasuredLayer:
    """Puts the measurements of the frame in view beside the labels, by object.

    Whoever selects a label of the layer, as in napari's table of features, selects the
    object in plots, and the other way round.
    """

    def __init__(self, annotator: Annotator) -> None:
        self._annotator = annotator
        self._binding: LayerBinding | None = None
        self._layer: Labels | None = None
        annotator.events.measurements_changed.connect(self._tabulate)
        annotator.events.measured_object_changed.connect(self._on_selected)

    def show_on(self, binding: LayerBinding | None) -> None:
        """Follow the labels of another image, or of none."""
        if self._binding is not None:
            self._binding.viewer.dims.events.point.disconnect(self._tabulate)
            self._binding.made.disconnect(self._follow_labels)
        self._follow(None)
        self._binding = binding
        if binding is not None:
            binding.viewer.dims.events.point.connect(self._tabulate)
            binding.made.connect(self._follow_labels)
            self._follow(binding.labels)

    def _follow_labels(self, layer: Labels | None) -> None:
        """Follow a labels layer that was made anew."""
        if self._binding is not None and type(layer).__name__ == "Labels":
            self._follow(self._binding.labels)

    def _follow(self, layer: Labels | None) -> None:
        if self._layer is not None:
            self._layer.events.selected_label.disconnect(self._on_label)
        self._layer = layer
        if layer is not None:
            layer.events.selected_label.connect(self._on_label)
            self._tabulate()

    def _tabulate(self, _: object = None) -> None:
        binding = self._binding
        if binding is not None:
            frame = FrameView(binding.viewer, binding.geometry).frame
            rows = self._annotator.measurements.on_frame(frame)
            binding.label_layer.show_measurements(rows)

    def _on_label(self, _: object) -> None:
        """Select what is selected in the layer, if it was measured."""
        table = self._annotator.measurements.table
        if table is not None and self._layer is not None:
            number = int(self._layer.selected_label)
            measured = bool((table["object"] == number).any())
            self._annotator.measurements.select(number if measured else None)

    def _on_selected(self, object_id: int | None) -> None:
        if self._layer is not None and object_id is not None:
            self._layer.selected_label = object_id
