"""The layer of tracks: where objects were, and who divided, kept in step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QTimer

from napari_sam.annotator.tracking.track_points import TrackPoints
from napari_sam.apps.dock import layer_style
from napari_sam.core.address import Address
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari.components import ViewerModel
    from napari.layers import Tracks

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.annotator.tracking.track_points import NapariRows
    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.patch import LabelPatch

#: Milliseconds between a change and its being drawn; changes in between go along.
_REST = 300


class TrackLayer:
    """Shows the tracks of a session in a layer of napari, while that is enabled.

    Positions are computed beside the window, and only of what has changed.

    Parameters
    ----------
    viewer
        Where the image is.
    annotator
        Whose tracks are shown.
    executor
        Computes positions.
    """

    def __init__(
        self, viewer: ViewerModel, annotator: Annotator, executor: ViewExecutor
    ) -> None:
        self._viewer, self._annotator, self._executor = viewer, annotator, executor
        self._geometry: PlaneGeometry | None = None
        self._points: TrackPoints | None = None
        self._layer: Tracks | None = None
        self._session: AnnotationSession | None = None
        self._changed: set[Address] = set()
        self._enabled = self._busy = False
        self._rest = QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._compute)
        annotator.events.tracks_changed.connect(self._on_tracks)

    @property
    def layer(self) -> Tracks | None:
        """The layer, while tracks are shown."""
        return layer_style.still_in(self._viewer, self._layer)

    @property
    def enabled(self) -> bool:
        """Whether tracks are to be shown; setting it shows or hides them."""
        return self._enabled

    @enabled.setter
    def enabled(self, enabled: bool) -> None:
        self._enabled = enabled
        if enabled:
            self._on_tracks()
        else:
            self._hide()

    def show_on(self, geometry: PlaneGeometry | None) -> None:
        """Show tracks on another image from now on, or on none."""
        self._hide()
        self._listen(None)
        self._geometry, self._points = geometry, None
        if geometry is not None:
            self._listen(self._annotator.session)
        self._on_tracks()

    def close(self) -> None:
        """Disconnect from signals, and hide the layer."""
        self._rest.stop()
        self._annotator.events.tracks_changed.disconnect(self._on_tracks)
        self._listen(None)
        self._hide()

    def _listen(self, session: AnnotationSession | None) -> None:
        """Know of a session, and hear of its changes once its tracks are drawn."""
        if self._session is not None:
            self._session.labels_changed.disconnect(self._on_labels)
        self._session = session
        self._changed.clear()

    def _on_labels(self, patches: tuple[LabelPatch, ...]) -> None:
        self._changed.update(
            Address(patch.frame, i) for patch in patches for i in patch.objects
        )

    def _hide(self) -> None:
        layer, self._layer = self.layer, None
        if layer is not None:
            self._viewer.layers.remove(layer)

    def _on_tracks(self) -> None:
        if self._enabled and self._geometry is not None and not self._rest.isActive():
            self._rest.start()

    def _compute(self) -> None:
        """Have the positions computed; what changes meanwhile waits."""
        session, geometry = self._session, self._geometry
        if session is None or geometry is None or self._annotator.timeline is None:
            return
        if self._busy:
            self._rest.start()
            return
        if self._points is None:
            self._points = TrackPoints(geometry.to_data)
            self._changed = set(session.state.footprints)
            session.labels_changed.connect(self._on_labels)
        points, self._busy = self._points, True
        work = _iter_rows(points.request(session, self._changed))
        self._changed.clear()
        self._executor.iterate(
            work, lambda _: None, lambda rows: self._on_rows(points, rows), self._failed
        )

    def _failed(self, error: Exception) -> None:
        self._busy = False
        self._annotator.events.report(error)

    def _on_rows(self, points: TrackPoints, rows: NapariRows) -> None:
        self._busy = False
        if points is self._points and self._enabled:
            self._draw(rows)

    def _draw(self, rows: NapariRows) -> None:
        assert self._geometry is not None
        if not len(rows.data):
            self._hide()
            return
        layer = self.layer
        if layer is None:
            keywords = self._geometry.keywords()
            with layer_style.staying_active(self._viewer):
                self._layer = layer_style.add_tracks(self._viewer, rows, keywords)
            return
        # The graph names objects of the data: it is empty while those change.
        layer.graph = {}
        layer.data = rows.data
        layer.graph = rows.graph


def _iter_rows(
    request: Callable[[], NapariRows],
) -> Generator[Progress, None, NapariRows]:
    """Compute positions, as one step."""
    yield Progress(0, 1, "finding tracks")
    return request()
