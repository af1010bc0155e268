"""The image of a review in napari, opened in the dock with its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari.layers import Image

from napari_sam.apps.dock.folder_navigation import file_of
from napari_sam.apps.dock.frame_view import FrameView
from napari_sam.apps.dock.layer_source import lend_layer, return_layer, source_of
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.apps.dock.reader import add_image
from napari_sam.core.errors import ImageError, NapariSamError

if TYPE_CHECKING:
    from napari.layers import Layer
    from napari.viewer import Viewer

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.apps.dock.widget import SegmentWidget
    from napari_sam.labelling import EditedLabels


class _Shown(NamedTuple):
    """The layer that shows an image of the data set.

    Attributes
    ----------
    layer
        The layer.
    before
        What was annotated on it, which waits until the review leaves it.
    added
        Layers that were added for the review; none if the image was open already.
    """

    layer: Image
    before: OpenImage | None = None
    added: tuple[Layer, ...] = ()


class ReviewLayer:
    """Shows one image of a data set at a time, in the place of the one before.

    An image that is open in the viewer already is shown by the layer that it has; what
    was annotated on that layer comes back when the review leaves it.

    Parameters
    ----------
    viewer
        Where it is shown; a dock is opened in it if there is none.
    """

    def __init__(self, viewer: Viewer) -> None:
        self._viewer = viewer
        self._shown: _Shown | None = None
        self._hidden: list[Layer] = []

    def open(self, edited: EditedLabels, *, is_shown: bool = False) -> Annotator:
        """Show an image with its labels in the dock; return what annotates it.

        Parameters
        ----------
        edited
            The image and its labels.
        is_shown
            Whether the session that was opened last has these labels: it goes on.

        Raises
        ------
        ImageError
            If it cannot be shown.
        """
        controller, before = dock_of(self._viewer).controller, self._shown
        if before is None or not (is_shown and self._is_there(before.layer)):
            self._shown = self._show(edited)
        assert self._shown is not None
        layer = self._shown.layer
        self._hide_all_but(layer)
        controller.open(layer, axes=edited.axes, labels=edited.labels.copy())
        if before is not None and before.layer is not layer:
            self._give_back(before)
        return controller.annotator

    def look_at(self, annotator: Annotator, number: int) -> None:
        """Correct an object, with some of its surroundings in view."""
        session, binding = annotator.session, dock_of(self._viewer).controller.binding
        places = [] if session is None else session.state.footprints.of_object(number)
        if session is not None and binding is not None and places:
            annotator.objects.correct(number)
            region = session.state.labels.mask(places[0]).region
            view = FrameView(self._viewer, binding.geometry)
            view.zoom_on(places[0].frame, region)

    def list_models(self) -> None:
        """Have the models listed anew where one can be chosen."""
        for dock in _docks_of(self._viewer):
            dock.controller.annotator.events.model_changed.emit()

    def close(self) -> None:
        """Leave the image: what was annotated on its layer before is shown again."""
        shown = self._shown
        if shown is not None and not shown.added:
            self._shown = None
            self._show_again(shown)
        for one in self._hidden:
            one.visible = True
        self._hidden.clear()

    def _show_again(self, shown: _Shown) -> None:
        """Show what was annotated on a layer before, if the layer is the open one."""
        return_layer(shown.layer, shown.before)
        for dock in _docks_of(self._viewer):
            image = shown.before or dock.controller.annotator.image
            is_on_it = dock.controller.layer is shown.layer
            if is_on_it and image is not None and self._is_there(shown.layer):
                dock.controller.open(shown.layer, axes=source_of(image).frames.axes)
        if shown.before is not None:
            shown.before.come_back()

    def _is_there(self, layer: Layer) -> bool:
        return layer in self._viewer.layers

    def _show(self, edited: EditedLabels) -> _Shown:
        """Find the layer of an image, with no session on it, or add one."""
        known = self._shown
        is_there = known is not None and self._is_there(known.layer)
        if known is not None and is_there and _shows(known.layer, edited):
            return_layer(known.layer, None)
            return known
        for one in self._viewer.layers:
            if isinstance(one, Image) and _shows(one, edited):
                return _Shown(one, lend_layer(one))
        added = add_image(self._viewer, edited.image)
        images = [one for one in added if isinstance(one, Image)]
        if not images:
            raise ImageError(f"{edited.image.name} was not shown as an image.")
        return _Shown(images[0], added=tuple(added))

    def _give_back(self, shown: _Shown) -> None:
        """Take the layers away that were added, or leave the layer as it was."""
        for one in shown.added:
            if self._is_there(one):
                self._viewer.layers.remove(one)
        if not shown.added:
            return_layer(shown.layer, shown.before)
        if shown.before is not None:
            shown.before.come_back()

    def _hide_all_but(self, layer: Layer) -> None:
        assert self._shown is not None
        for one in self._viewer.layers:
            is_ours = one is layer or one in self._shown.added
            if isinstance(one, Image) and one.visible and not is_ours:
                one.visible = False
                self._hidden.append(one)
        layer.visible = True


def dock_of(viewer: Viewer) -> SegmentWidget:
    """Return the dock of a viewer; it is opened if there is none."""
    from napari_sam.apps.dock.widget import NAME, SegmentWidget

    for there in _docks_of(viewer):
        return there
    made = SegmentWidget(viewer)
    viewer.window.add_dock_widget(made, name=NAME, area="right")
    return made


def _docks_of(viewer: Viewer) -> list[SegmentWidget]:
    from napari_sam.apps.dock.widget import SegmentWidget

    found: list[SegmentWidget] = viewer.window._qt_window.findChildren(SegmentWidget)
    return found


def _shows(layer: Image, edited: EditedLabels) -> bool:
    """Whether a layer is of the file of an image, and lies as its labels do."""
    path = file_of(layer)
    if path is None or not path.exists() or not path.samefile(edited.image):
        return False
    try:
        frames = PlaneGeometry.of(layer, edited.axes).frames
    except NapariSamError:
        return False
    return (*frames.sizes.values(), *frames.plane_shape) == edited.labels.shape
