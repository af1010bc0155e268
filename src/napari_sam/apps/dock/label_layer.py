"""The layer of labels: shows those of a session, and is painted on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from psygnal import Signal

from napari_sam.annotator.object_list import ObjectList
from napari_sam.apps.dock import compat, layer_style
from napari_sam.apps.dock.class_colours import class_colormap
from napari_sam.apps.dock.frame_view import FrameView
from napari_sam.apps.dock.label_features import features_by_label
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.core.errors import ImageError, NapariSamError
from napari_sam.io.label_numbers import label_numbers
from napari_sam.session.document import take_over
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    import pandas as pd
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.session import AnnotationSession

#: Patches of a step that are drawn one by one.
_MOST = 16


class LabelLayer:
    """Shows the labels of a session, and takes strokes of the brush into it.

    Attributes
    ----------
    refused
        Emitted with a sentence when a stroke could not be taken over.
    made
        Emitted with a layer that was made.
    """

    refused = Signal(str)
    made = Signal(object)

    def __init__(
        self, viewer: ViewerModel, session: AnnotationSession, geometry: PlaneGeometry
    ) -> None:
        self._viewer, self._session, self._geometry = viewer, session, geometry
        self._view = FrameView(viewer, geometry)
        self._layer: Any = None
        self._shown: Any = None
        self.table = ObjectList(session)
        self._measured: pd.DataFrame | None = None
        self._usual: object = None
        self._refresher = Refresher(None, self._refresh)
        session.labels_changed.connect(self._on_labels)
        session.objects_changed.connect(self._on_objects)
        session.selection_changed.connect(self._on_selection)

    @property
    def layer(self) -> Labels:
        """The layer; made when it is needed."""
        if not self.is_there:
            self._forget()
            data, keywords = self._data()
            with layer_style.staying_active(self._viewer):
                self._layer = layer_style.add_labels(self._viewer, data, keywords)
            self._shown = self._layer.data
            self._layer.events.paint.connect(self._on_paint)
            self._layer.events.data.connect(self._on_data)
            self._on_selection(self._session.current)
            self._tabulate()
            self.made.emit(self._layer)
        return self._layer

    @property
    def is_there(self) -> bool:
        """Whether the layer was made, and not deleted since."""
        return self._layer is not None and self._layer in self._viewer.layers

    def close(self) -> None:
        """Disconnect from signals; the layer stays in the viewer."""
        self._session.labels_changed.disconnect(self._on_labels)
        self._session.objects_changed.disconnect(self._on_objects)
        self._session.selection_changed.disconnect(self._on_selection)
        self._refresher.stop()
        self._forget()

    def color_of(self, object_id: int) -> NDArray[np.floating] | None:
        """Return the colour of an object, as RGBA from 0 to 1; None if it has none."""
        color: NDArray[np.floating] | None = None
        if self.is_there:
            color = self._layer.get_color(object_id)
        return color

    @property
    def shows_classes(self) -> bool:
        """Whether objects of one class have one colour."""
        return self._usual is not None

    @shows_classes.setter
    def shows_classes(self, wanted: bool) -> None:
        if wanted == self.shows_classes or not self.is_there:
            return
        if wanted:
            self._usual = self._layer.colormap
            self._color()
        else:
            self._layer.colormap, self._usual = self._usual, None

    def lay(self) -> None:
        """Put the layer where it belongs, after the image was moved."""

    def _data(self) -> tuple[Any, dict[str, Any]]:
        return self._geometry.view(self._session.labels), self._geometry.keywords()

    def _window(self, frame: int, region: Region) -> tuple[slice, ...] | None:
        """Where a part of a plane lies in the layer's data; None if it does not."""
        return self._geometry.window(frame, region)

    def _in_view(self, patches: tuple[LabelPatch, ...]) -> list[LabelPatch]:
        """Leave out patches of frames that are not in view: they need no drawing."""
        if not self._view.shows_plane:
            return list(patches)
        frame = self._view.frame
        return [patch for patch in patches if patch.frame == frame]

    def _redraw(self, frame: int, region: Region) -> None:
        """Draw a part of a plane anew, after the labels changed."""
        window = self._window(frame, region)
        if window is not None:
            compat.redraw(self._layer, window)

    def _offset(self) -> tuple[int, ...]:
        """Return the first pixel of the layer's data, in that of the whole image."""
        return (0,) * self._geometry.ndim

    def _forget(self) -> None:
        if self._layer is not None:
            self._layer.events.paint.disconnect(self._on_paint)
            self._layer.events.data.disconnect(self._on_data)
            self._layer = self._shown = self._usual = None

    def _on_labels(self, patches: tuple[LabelPatch, ...]) -> None:
        if not self.is_there:
            if layer_style.has_image(self._viewer, self._geometry):
                _ = self.layer
            return
        for frame, region in _regions(self._in_view(patches)):
            self._redraw(frame, region)

    def _on_objects(self, ids: tuple[int, ...]) -> None:
        self.table.update(ids)
        self._refresher.request()

    def _refresh(self) -> None:
        """Put what is known of objects beside their labels."""
        if self.is_there:
            self._tabulate()
            if self.shows_classes:
                self._color()

    def _on_selection(self, at: Address) -> None:
        if self.is_there:
            self._layer.selected_label = at.object_id

    def show_measurements(self, rows: pd.DataFrame | None) -> None:
        """Put measurements beside the labels: rows of objects, by their numbers."""
        before, self._measured = self._measured, rows
        if self.is_there and not (before is rows is None):
            self._tabulate()

    def _color(self) -> None:
        self._layer.colormap = class_colormap(self.table.entries)

    def _tabulate(self) -> None:
        known = self.table.columns()
        measured = self._measured
        self._layer.features = (
            known if measured is None else features_by_label(known, measured)
        )

    def _on_paint(self, event: Any) -> None:
        """Take over what a brush draws into the layer."""
        changes = self._changes(compat.dabs(event.value))
        patches = [
            patch
            for frame, region, before, after in changes
            if (patch := LabelPatch.between(frame, region, before, after))
        ]
        try:
            take_over(self._session, patches)
        except NapariSamError as wrong:
            self._take_back(patches)
            self.refused.emit(str(wrong))

    def _on_data(self, _: object) -> None:
        """Take over labels that a script put in the place of those of the session."""
        given, shown = self._layer.data, self._shown
        if given is shown:
            return
        self._layer.data = shown
        try:
            take_over(self._session, self._differences(shown, given))
        except NapariSamError as wrong:
            self.refused.emit(f"The labels were not replaced. {wrong}")

    def _differences(
        self, shown: NDArray[np.integer], given: NDArray[np.integer]
    ) -> list[LabelPatch]:
        """Return what differs between the labels and others of the same shape."""
        if tuple(given.shape) != tuple(shown.shape):
            raise ImageError(
                f"They have the shape {tuple(given.shape)}; expected that of the "
                f"image, {tuple(shown.shape)}."
            )
        found = []
        for index in np.ndindex(shown.shape[:-2]):
            part = tuple(slice(i, i + 1) for i in index)
            before, after = (np.asarray(labels[part]) for labels in (shown, given))
            label_numbers(after.reshape(after.shape[-2:]))
            window = (*part, *(slice(0, n) for n in shown.shape[-2:]))
            for plane in self._geometry.planes(window, self._offset(), before, after):
                found.append(LabelPatch.between(*plane))
        return [patch for patch in found if patch is not None]

    def _changes(
        self, dabs: list[compat.Dab]
    ) -> list[tuple[int, Region, NDArray[Any], NDArray[Any]]]:
        """Every plane that a stroke went through: where, and before and after."""
        around = tuple(
            slice(min(part.start for part in parts), max(part.stop for part in parts))
            for parts in zip(*(dab.window for dab in dabs), strict=True)
        )
        # A stroke may be told of before it is drawn, or after.
        before = np.array(self._layer.data[around])
        places = [
            tuple(
                slice(part.start - a.start, part.stop - a.start)
                for part, a in zip(dab.window, around, strict=True)
            )
            for dab in dabs
        ]
        for inside, dab in zip(reversed(places), reversed(dabs), strict=True):
            before[inside][dab.changed] = dab.before
        after = before.copy()
        for inside, dab in zip(places, dabs, strict=True):
            after[inside][dab.changed] = dab.after
        return self._geometry.planes(around, self._offset(), before, after)

    def _take_back(self, patches: list[LabelPatch]) -> None:
        for patch in patches:
            window = self._window(patch.frame, patch.region)
            if window is not None:
                part = np.array(self._layer.data[window])
                part[patch.changed.reshape(part.shape)] = patch.before.expand()
                self._layer.data[window] = part
                compat.redraw(self._layer, window)


def _regions(patches: list[LabelPatch]) -> list[tuple[int, Region]]:
    """Return where to draw patches: of many in a frame, the rectangle around all."""
    if len(patches) <= _MOST:
        return [(patch.frame, patch.region) for patch in patches]
    found: dict[int, Region] = {}
    for patch in patches:
        known = found.get(patch.frame, patch.region)
        found[patch.frame] = known.union(patch.region)
    return list(found.items())
