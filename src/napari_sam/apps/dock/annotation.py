"""An annotation in napari: a viewer with the image and the dock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import napari
from napari.layers import Layer

from napari_sam.apps.dock.image_file import image_layers
from napari_sam.apps.dock.widget import NAME, SegmentWidget
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from napari.viewer import Viewer

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io import Image
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.arrays import LabelArray


class DockAnnotation:
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
        self.dock.controller.annotator.models.name = model
        self.dock.controller.open(layers[0], axes=image.axes, labels=labels)
        self.viewer.window.add_dock_widget(self.dock, name=NAME, area="right")

    @property
    def session(self) -> AnnotationSession:
        """The session: prompts, labels, undo.

        Raises
        ------
        SessionError
            If no image is open in the dock any more.
        """
        session = self.dock.controller.annotator.session
        if session is None:
            raise SessionError("No image is open in the dock any more.")
        return session

    @property
    def labels(self) -> LabelArray:
        """Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``; 0 is none."""
        return self.session.labels

    @property
    def prompts(self) -> dict[Address, Prompts]:
        """The prompts of every object, of those in the labels and of open ones."""
        session = self.session
        return {**session.committed_prompts, **session.open_prompts}
