"""Batches: the rows of a layer that is there already, as prompts of many objects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Points, Shapes

from napari_sam.annotator.batch import BatchSettings
from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.controller import DockController


class BatchPanel(Section):
    """A layer of the person's own whose rows are segmented, as one step."""

    def __init__(self, viewer: ViewerModel, controller: DockController) -> None:
        super().__init__("Batch", is_open=False)
        self._controller = controller
        self.form = SettingsForm(BatchSettings())
        self.groups = choice(
            "A column of the layer's features: rows with the same value are prompts of "
            "one object, negative points included"
        )
        self.run = button(
            "Segment layer", "Commit a mask for each prompt, as one step", self._run
        )
        self.layers = LayerChoice(viewer, self._qualifies, self._on_layers)
        self.layers.setToolTip("A layer of points, shapes or labels")
        self.layers.currentIndexChanged.connect(lambda _: self._on_layers())
        self.add(
            text("Each point, shape or label of a layer becomes an object.", faint=True)
        )
        self.add(named("Layer", self.layers))
        self.add(named("Groups", self.groups))
        self.add(self.form.widget)
        self.add(self.run)
        controller.annotator.events.image_opened.connect(self._on_opened)
        self._on_layers()

    def end(self) -> None:
        """Disconnect from the signals of the viewer."""
        self.layers.close_list()

    def _qualifies(self, layer: Layer) -> bool:
        binding = self._controller.binding
        mine = [] if binding is None else binding.layers
        return isinstance(layer, Points | Shapes | Labels) and not any(
            layer is other for other in mine
        )

    def _on_opened(self, _: Any) -> None:
        self.layers.refill()

    def _on_layers(self) -> None:
        if not hasattr(self, "layers"):
            return
        if self.layers.layer is None and self.layers.count():
            self.layers.setCurrentIndex(0)
        layer = self.layers.layer
        self.groups.clear()
        self.groups.addItem("each row by itself", None)
        if layer is not None:
            for name in layer.features.columns:
                self.groups.addItem(str(name), str(name))
        ready = layer is not None and self._controller.annotator.session is not None
        self.run.setEnabled(ready)

    def _run(self) -> None:
        layer = self.layers.layer
        if layer is not None:
            self._controller.segment_layer(
                layer, groups=self.groups.currentData(), settings=self.form.settings
            )
