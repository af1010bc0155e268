"""Saving a session: labels in files of any format, or its record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.annotator.view import ImageSource
    from napari_sam.io.settings import SaveSettings
    from napari_sam.session import AnnotationSession

#: End of the name of a file that holds a session, and not labels.
SESSION = ".session.json"
#: Labels of up to so many bytes are copied before they are written.
_COPIED = 64 * 2**20
#: How often labels are written again that changed while they were written.
_TRIES = 3


def iter_save(
    session: AnnotationSession,
    source: ImageSource,
    path: str | Path,
    settings: SaveSettings,
) -> Generator[Progress, None, int]:
    """Write the labels, or the record of the session; return the step they are of."""
    path = Path(path)
    yield Progress(0, 0, f"writing {path.name}")
    if path.name.endswith(SESSION):
        return _write_record(session, source, path, overwrite=settings.overwrite)
    return _write_labels(session, source, path, settings)


def _write_record(
    session: AnnotationSession, source: ImageSource, path: Path, *, overwrite: bool
) -> int:
    from napari_sam.core.errors import ImageError
    from napari_sam.session.persistence.record import Record, write_record

    if path.exists() and not overwrite:
        raise ImageError(f"{path} is there already. Give another name.")
    position = session.history.position
    write_record(Record.of(session, source=source.name), path)
    return position


def _write_labels(
    session: AnnotationSession, source: ImageSource, path: Path, settings: SaveSettings
) -> int:
    from napari_sam.io import write_labels
    from napari_sam.session.object_attributes import object_attributes

    like = source.describe()
    axes = "".join([*source.frames.sizes, "y", "x"])
    for attempt in range(_TRIES):
        position = session.history.position
        labels: Any = session.labels
        if isinstance(labels, np.ndarray) and labels.nbytes <= _COPIED:
            labels = labels.copy()
        write_labels(
            path,
            labels,
            axes=axes,
            like=like,
            overwrite=settings.overwrite or attempt > 0,
            coco=settings.coco,
            attributes=object_attributes(session),
        )
        if session.history.position == position:
            break
    return position
