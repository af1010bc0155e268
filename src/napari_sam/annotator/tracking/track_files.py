"""Tracks written to files, and labels of others linked to tracks, beside the view."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.annotator.tracking.session_tracks import tracks_of
from napari_sam.core.progress import Progress
from napari_sam.tracking import iter_link

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.annotator.view import ImageSource
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.images.frames import Frames
    from napari_sam.session import AnnotationSession
    from napari_sam.tracking import LinkSettings, NapariTracks

LINKING, WRITING_TRACKS = "linking objects", "writing tracks"
#: How often tracks are written again that changed while they were written.
_TRIES = 3


class LinkedLabels(NamedTuple):
    """Labels that were linked to tracks, ready to be shown.

    Attributes
    ----------
    labels
        ``(t, y, x)`` or ``(t, z, y, x)``, uint32, numbered by segment.
    paths
        Rows and graph for a layer of tracks.
    divisions
        How many segments divide.
    """

    labels: NDArray[np.uint32]
    paths: NapariTracks
    divisions: int


class TrackFiles:
    """Writes the tracks of a session, and links labels that were made elsewhere.

    Parameters
    ----------
    workspace
        The image, and who does slow work.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def save(self, path: Path) -> None:
        """Write the tracks, in the format that the name ends with; see `Tracks.save`.

        What is there is replaced: whoever calls has asked.
        """
        with self._workspace.events.reporting():
            session, image = self._workspace.require_session(), self._workspace.image
            assert image is not None
            work = _iter_written(session, image.source, path)
            self._workspace.tasks.run(WRITING_TRACKS, work, self._on_written)

    def link(
        self,
        labels: Frames,
        done: Callable[[LinkedLabels], object],
        settings: LinkSettings | None = None,
    ) -> None:
        """Link the objects of labels that were found frame by frame.

        Parameters
        ----------
        labels
            Nothing of them is changed.
        done
            Called in the thread of the view with what came of it, unless stopped.
        settings
            How far objects move, how long they are missed, and whether they divide.
        """

        def shown(found: LinkedLabels) -> None:
            count = len(np.unique(found.paths.data[:, 0]))
            text = f"Linked: {count} segments, {found.divisions} divisions."
            self._workspace.events.message.emit("info", text)
            done(found)

        self._workspace.tasks.run(LINKING, _iter_linked(labels, settings), shown)

    def stop(self) -> None:
        """Stop linking; no tracks come of it."""
        self._workspace.tasks.cancel(LINKING)

    def _on_written(self, path: Path) -> None:
        self._workspace.events.message.emit("info", f"Wrote {path.name}.")


def _iter_linked(
    labels: Frames, settings: LinkSettings | None
) -> Generator[Progress, None, LinkedLabels]:
    tracks = yield from iter_link(labels, settings=settings)
    yield Progress(0, 0, "numbering objects")
    numbered = np.asarray(tracks.labels[(slice(None),) * len(tracks.axes)], np.uint32)
    return LinkedLabels(numbered, tracks.to_napari(), len(tracks.divisions))


def _iter_written(
    session: AnnotationSession, source: ImageSource, path: Path
) -> Generator[Progress, None, Path]:
    """Write the tracks; once more, if they changed meanwhile."""
    yield Progress(0, 0, f"writing {path.name}")
    for _ in range(_TRIES):
        position = session.history.position
        tracks_of(session).save(path, like=source.describe(), overwrite=True)
        if session.history.position == position:
            break
    return path
