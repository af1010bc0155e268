"""Writing what was done: labels in files, the session as a record."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari.layers import Image as ImageLayer

    from napari_sam.apps.dock.geometry import PlaneGeometry
    from napari_sam.io import Image
    from napari_sam.session import AnnotationSession

#: End of the name of a file that holds a session, and not labels.
SESSION = ".session.json"
#: Labels of up to so many bytes are copied before they are written.
_COPIED = 64 * 2**20
#: How often labels are written again that changed while they were written.
_TRIES = 3


def image_of(geometry: PlaneGeometry) -> Image:
    """Describe the image as a file would: where it lies, and how large its pixels are.

    What our reader found in a file comes first; a layer that was turned or sheared is
    described without that, since files of labels cannot say it.
    """
    from napari_sam.io import Image

    known = geometry.layer.metadata.get("napari_sam_image")
    if isinstance(known, Image):
        return known
    layer: ImageLayer = geometry.layer
    axes = geometry.frames.axes
    own = axes[:-1] if layer.rgb else axes
    units = {a: str(unit) for a, unit in zip(own, layer.units, strict=True)}
    return Image(
        data=geometry.frames.data,
        axes=axes,
        scale={a: float(s) for a, s in zip(own, layer.scale, strict=True)},
        units={a: unit for a, unit in units.items() if unit not in ("pixel", "")},
        translation={a: float(t) for a, t in zip(own, layer.translate, strict=True)},
    )


def iter_save(
    session: AnnotationSession,
    geometry: PlaneGeometry,
    path: str | Path,
    *,
    overwrite: bool,
) -> Generator[Progress, None, int]:
    """Write the labels, or the record of the session; return the step they are of."""
    path = Path(path)
    yield Progress(0, 0, f"writing {path.name}")
    if path.name.endswith(SESSION):
        return _write_record(session, geometry, path, overwrite=overwrite)
    return _write_labels(session, geometry, path, overwrite=overwrite)


def _write_record(
    session: AnnotationSession, geometry: PlaneGeometry, path: Path, *, overwrite: bool
) -> int:
    from napari_sam.core.errors import ImageError
    from napari_sam.session.persistence.record import Record, write_record

    if path.exists() and not overwrite:
        raise ImageError(f"{path} is there already. Give another name.")
    position = session.history.position
    write_record(Record.of(session, source=str(geometry.layer.name)), path)
    return position


def _write_labels(
    session: AnnotationSession, geometry: PlaneGeometry, path: Path, *, overwrite: bool
) -> int:
    from napari_sam.io import write_labels

    like = image_of(geometry)
    axes = "".join([*geometry.frames.sizes, "y", "x"])
    for attempt in range(_TRIES):
        position = session.history.position
        labels: Any = session.labels
        if isinstance(labels, np.ndarray) and labels.nbytes <= _COPIED:
            labels = labels.copy()
        write_labels(
            path, labels, axes=axes, like=like, overwrite=overwrite or attempt > 0
        )
        if session.history.position == position:
            break
    return position
