"""From one image of a folder to the next, with the labels and the session beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from napari.layers import Image

from napari_sam.annotator.saving import SESSION
from napari_sam.apps.dock.image_file import SOURCE
from napari_sam.apps.dock.plane_geometry import named_axes
from napari_sam.apps.dock.reader import add_image
from napari_sam.core.errors import ImageError, SessionError
from napari_sam.io import read_label_image
from napari_sam.io.readers.image_folder import images_in
from napari_sam.io.saved_labels import is_saved_labels

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.apps.dock.controller import DockController

#: What follows the name of an image in the names of its labels.
LABELS = "-labels"
_SUFFIXES = (".tif", ".zarr", ".png")


def file_of(layer: Layer) -> Path | None:
    """Return the file that a layer was read from, by us or by napari."""
    known = layer.metadata.get(SOURCE)
    path = layer.source.path or (None if known is None else known.path)
    return None if path is None else Path(path)


class FolderNavigation:
    """Goes to the next image of a folder when the annotator is asked to.

    Work that was not saved stays in the journal, which offers it when the image is
    opened again.

    Parameters
    ----------
    controller
        Opens the next image in place of the one that is open.
    """

    def __init__(self, controller: DockController) -> None:
        self._controller = controller
        self._awaited: tuple[OpenImage, Path] | None = None
        events = controller.annotator.events
        events.next_image_wanted.connect(self._next)
        events.model_changed.connect(self._open_session)

    def _next(self) -> None:
        with self._controller.annotator.events.reporting():
            self._check_kept()
            layer = self._controller.layer
            path = None if layer is None else file_of(layer)
            if layer is None or path is None:
                raise ImageError(
                    "There is no next image: the one that is open is of no file."
                )
            self._open(_after(path), layer, path)

    def _check_kept(self) -> None:
        annotator = self._controller.annotator
        unsaved = annotator.session is not None and annotator.session.unsaved
        if unsaved and not annotator.persistence.is_in_journal():
            raise SessionError(
                "The work on this image is saved nowhere: save it, then go on."
            )

    def _open(self, path: Path, before: Layer, its_file: Path) -> None:
        """Show a file, open it as the one before was, and take that one away."""
        viewer, geometry = self._controller.viewer, self._controller.binding
        axes = None if geometry is None else geometry.geometry.axes
        old = _layers_of(viewer, its_file)
        plugin = before.source.reader_plugin
        made = viewer.open(path, plugin=plugin) if plugin else add_image(viewer, path)
        images = [one for one in made if isinstance(one, Image)]
        if not images:
            raise ImageError(f"{path.name} was not shown as an image.")
        layer = images[min(old.index(before), len(images) - 1)]
        if named_axes(layer) is not None:
            axes = None
        self._controller.open(layer, axes=axes)
        for one in old:
            viewer.layers.remove(one)
        viewer.fit_to_view()
        self._take_over_beside(path)

    def _take_over_beside(self, path: Path) -> None:
        """Go on with the session beside an image, or else with its labels."""
        annotator, binding = self._controller.annotator, self._controller.binding
        if annotator.image is None or binding is None:
            return
        stem = path.stem.removesuffix(".ome")
        session = path.with_name(f"{stem}{SESSION}")
        if session.exists():
            self._awaited = annotator.image, session
            self._open_session()
            return
        named = [path.with_name(f"{stem}{LABELS}{end}") for end in _SUFFIXES]
        labels = next((one for one in named if one.exists()), None)
        if labels is not None and not annotator.image.session.objects:
            given = np.asarray(read_label_image(labels).data)
            binding.labels.data = binding.geometry.view(given)
            if annotator.image.session.objects:
                annotator.image.session.mark_saved()

    def _open_session(self) -> None:
        """Open the session that waits, once there is a model for its image."""
        annotator, awaited = self._controller.annotator, self._awaited
        if awaited is not None and annotator.image is not awaited[0]:
            self._awaited = None
        elif awaited is not None and annotator.has_model:
            self._awaited = None
            annotator.persistence.open_session(awaited[1])


def _after(path: Path) -> Path:
    """Return the image that follows in the folder; labels are none."""
    found = [p for p in images_in(path.parent) if p == path or not _is_labels(p)]
    place = found.index(path) if path in found else len(found)
    if place + 1 >= len(found):
        raise ImageError(f"{path.name} is the last image of its folder.")
    return found[place + 1]


def _is_labels(path: Path) -> bool:
    return path.stem.endswith(LABELS) or is_saved_labels(path)


def _layers_of(viewer: ViewerModel, path: Path) -> list[Layer]:
    """Return the image layers of a file."""
    images = [one for one in viewer.layers if isinstance(one, Image)]
    return [one for one in images if file_of(one) == path]
