"""The image of a review in napari, opened in the dock with its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image

from napari_sam.apps.dock.frame_view import FrameView
from napari_sam.apps.dock.reader import add_image
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.widget import SegmentWidget
    from napari_sam.labelling import EditedLabels


class ReviewLayer:
    """Opens one image of a data set at a time, in the place of the one before.

    Parameters
    ----------
    viewer
        Where it is shown; a dock is opened in it if there is none.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._layers: list[Layer] = []

    def open(self, edited: EditedLabels) -> Annotator:
        """Show an image with its labels in the dock; return what annotates it.

        Raises
        ------
        ImageError
            If it cannot be shown.
        """
        dock = dock_of(self._viewer)
        made = add_image(self._viewer, edited.image)
        images = [one for one in made if isinstance(one, Image)]
        if not images:
            raise ImageError(f"{edited.image.name} was not shown as an image.")
        before, self._layers = self._layers, made
        for one in self._viewer.layers:
            if isinstance(one, Image) and one not in made:
                one.visible = False
        dock.controller.open(images[0], axes=edited.axes, labels=edited.labels.copy())
        for one in before:
            if one in self._viewer.layers:
                self._viewer.layers.remove(one)
        return dock.controller.annotator

    def look_at(self, annotator: Annotator, number: int) -> None:
        """Correct an object, with some of its surroundings in view."""
        session, binding = annotator.session, dock_of(self._viewer).controller.binding
        places = [] if session is None else session.state.of_object(number)
        if session is not None and binding is not None and places:
            annotator.objects.correct(number)
            region = session.state.mask(places[0]).region
            view = FrameView(self._viewer, binding.geometry)
            view.zoom_on(places[0].frame, region)


def dock_of(viewer: Viewer) -> SegmentWidget:
    """Return the dock of a viewer; it is opened if there is none."""
    from napari_sam.apps.dock.widget import NAME, SegmentWidget

    found = viewer.window._qt_window.findChildren(SegmentWidget)
    if found:
        there: SegmentWidget = found[0]
        return there
    made = SegmentWidget(viewer)
    viewer.window.add_dock_widget(made, name=NAME, area="right")
    return made
