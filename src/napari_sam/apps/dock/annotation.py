"""An annotation in napari: a viewer with the image and the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari
from napari.layers import Layer

from napari_sam.annotator.annotation import Annotation
from napari_sam.apps.dock.image_file import image_layers
from napari_sam.apps.dock.widget import NAME, SegmentWidget

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.io import Image
    from napari_sam.session.labels.arrays import LabelArray


class DockAnnotation(Annotation):
    """An image that is annotated in napari.

    Parameters
    ----------
    image
        The image.
    name
        As people call it.
    model
        Name of the model.
    labels
        Objects that are there already; they are written to.
    viewer
        Where it is shown; by default, in a new window.

    Attributes
    ----------
    viewer, dock
        The window, and our dock in it.
    """

    closed = "No image is open in the dock any more."

    def __init__(
        self,
        image: Image,
        *,
        name: str = "image",
        model: str = "pocket",
        labels: LabelArray | None = None,
        viewer: Viewer | None = None,
    ) -> None:
        self.viewer: Any = viewer or napari.Viewer()
        layers = [Layer.create(*one) for one in image_layers(image, name)]
        for layer in layers:
            self.viewer.add_layer(layer)
        self.dock = SegmentWidget(self.viewer)
        self.annotator.models.name = model
        self.dock.controller.open(layers[0], axes=image.axes, labels=labels)
        self.viewer.window.add_dock_widget(self.dock, name=NAME, area="right")

    @property
    def annotator(self) -> Annotator:
        """The annotator: all that the dock can do."""
        return self.dock.controller.annotator
