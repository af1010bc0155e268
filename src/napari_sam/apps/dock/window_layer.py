"""Labels of planes too large to hold: on disk, and shown around what is in view."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from napari_sam.apps.dock import compat
from napari_sam.apps.dock.frame_view import region_in_view
from napari_sam.apps.dock.label_layer import LabelLayer
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.patch import LabelPatch

#: Planes of more pixels than this are shown in part.
MOST = 2**28
#: Side of the window that is shown of a plane of more pixels than that.
WINDOW = 4096


def is_large(frames: Frames) -> bool:
    """Whether a plane is too large for a layer of its labels."""
    return prod(frames.plane_shape) > MOST


class WindowLayer(LabelLayer):
    """Shows a part of a plane's labels: the part that is in view, and what is near."""

    def __init__(
        self, viewer: ViewerModel, session: AnnotationSession, geometry: PlaneGeometry
    ) -> None:
        super().__init__(viewer, session, geometry)
        self._frame, self._region = session.current.frame, self._around_view()
        viewer.scene.camera.events.center.connect(self._on_view)
        viewer.scene.camera.events.zoom.connect(self._on_view)

    def close(self) -> None:
        """Disconnect from signals; the layer stays in the viewer."""
        self._viewer.scene.camera.events.center.disconnect(self._on_view)
        self._viewer.scene.camera.events.zoom.disconnect(self._on_view)
        super().close()

    def lay(self) -> None:
        """Put the layer where the window of labels is now."""
        if self.is_there:
            data, keywords = self._data()
            self._shown = data
            self._layer.data = data
            self._layer.translate = keywords["translate"]

    def _data(self) -> tuple[Any, dict[str, Any]]:
        pixels = self._session.state.labels.read(self._frame, self._region)
        start = (self._region.top, self._region.left)
        keywords = self._geometry.keywords(
            self._geometry.to_data(self._frame, start)[0]
        )
        return self._geometry.shaped(pixels), keywords

    def _offset(self) -> tuple[int, ...]:
        start = (self._region.top, self._region.left)
        return tuple(int(n) for n in self._geometry.to_data(self._frame, start)[0])

    def _window(self, frame: int, region: Region) -> tuple[slice, ...] | None:
        inside = region.intersection(self._region)
        if frame != self._frame or min(inside.shape) < 1:
            return None
        local = inside.shifted(-self._region.top, -self._region.left)
        return tuple(
            slice(0, 1) if axis not in "yx" else local.slices["yx".index(axis)]
            for axis in self._geometry.axes
        )

    def _in_view(self, patches: tuple[LabelPatch, ...]) -> list[LabelPatch]:
        return [patch for patch in patches if patch.frame == self._frame]

    def _redraw(self, frame: int, region: Region) -> None:
        """Take over into the window what changed in the labels, and draw it anew."""
        window = self._window(frame, region)
        if window is not None:
            inside = region.intersection(self._region)
            pixels = self._session.state.labels.read(frame, inside)
            self._layer.data[window] = self._geometry.shaped(pixels)
            compat.redraw(self._layer, window)

    def _take_back(self, patches: list[LabelPatch]) -> None:
        """Show the labels as they are: they were not changed."""
        for patch in patches:
            self._redraw(patch.frame, patch.region)

    def _on_selection(self, at: Address) -> None:
        super()._on_selection(at)
        self._on_view()

    def _on_view(self, _: Any = None) -> None:
        """Move the window when the view leaves it."""
        frame = self._session.current.frame
        in_view = region_in_view(self._viewer, self._geometry)
        near = in_view.intersection(self._region)
        shows_all = max(in_view.shape) > WINDOW or near == in_view
        if (frame, shows_all) != (self._frame, True):
            self._frame, self._region = frame, self._around_view()
            self.lay()

    def _around_view(self) -> Region:
        """Return the window around the middle of the view."""
        row, col = region_in_view(self._viewer, self._geometry).center
        rows, cols = self._geometry.frames.plane_shape
        top = max(0, min(int(row) - WINDOW // 2, rows - WINDOW))
        left = max(0, min(int(col) - WINDOW // 2, cols - WINDOW))
        return Region(top, left, min(top + WINDOW, rows), min(left + WINDOW, cols))
