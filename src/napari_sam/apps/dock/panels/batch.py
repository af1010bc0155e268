"""Much in one go: a layer that is there already, and looking ahead of the clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels, Points, Shapes

from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.controller import DockController

_MEANINGS = (
    ("auto", "as they are"),
    ("box", "boxes around the objects"),
    ("points", "points on the objects"),
    ("mask", "rough masks of the objects"),
)


class BatchPanel(Section):
    """One run over a layer of the person's own, kept as one step."""

    def __init__(self, viewer: ViewerModel, controller: DockController) -> None:
        super().__init__("Many at once", is_open=False)
        self._controller = controller
        self.layers = LayerChoice(viewer, self._qualifies, self._on_layers)
        self.layers.setToolTip("Points, shapes or labels that you have already")
        self.layers.currentIndexChanged.connect(lambda _: self._on_layers())
        self.meaning = choice("How shapes and labels are understood", _MEANINGS)
        self.groups = choice(
            "A column of the layer's features: what has the same value there is one "
            "object, negative points included"
        )
        self.ahead = button(
            "Prepare this view",
            "Let the model look at all that is in view, so that no click has to wait",
            controller.annotator.batch.embed_view,
        )
        self.run = button(
            "Segment them all", "One step, to be undone as one", self._run
        )
        self.rows.addWidget(
            text("Each point, shape or label of a layer becomes an object.", faint=True)
        )
        self.rows.addWidget(named("Layer", self.layers))
        self.rows.addWidget(named("Taken as", self.meaning))
        self.rows.addWidget(named("Groups", self.groups))
        self.rows.addWidget(self.run)
        self.rows.addWidget(self.ahead)
        controller.annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(controller.annotator.session)

    def end(self) -> None:
        """Listen no more."""
        self.layers.close_list()

    def _qualifies(self, layer: Layer) -> bool:
        binding = self._controller.binding
        mine = [] if binding is None else binding.layers
        return isinstance(layer, Points | Shapes | Labels) and not any(
            layer is other for other in mine
        )

    def _on_opened(self, session: Any) -> None:
        self.ahead.setEnabled(session is not None)
        self.layers._refill()

    def _on_layers(self) -> None:
        if not hasattr(self, "run"):
            return
        if self.layers.layer is None and self.layers.count():
            self.layers.setCurrentIndex(0)
        layer = self.layers.layer
        self.groups.clear()
        self.groups.addItem("each one by itself", None)
        if layer is not None:
            for name in layer.features.columns:
                self.groups.addItem(str(name), str(name))
        ready = layer is not None and self._controller.annotator.session is not None
        self.run.setEnabled(ready)

    def _run(self) -> None:
        layer = self.layers.layer
        if layer is not None:
            self._controller.segment_layer(
                layer,
                groups=self.groups.currentData(),
                form=self.meaning.currentData(),
            )
