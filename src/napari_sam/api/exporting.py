"""Labelled data sets written in the formats of other programs, in one call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.progress import Progress
    from napari_sam.datasets import LabelledImage
    from napari_sam.datasets.export import ExportReport, ExportSettings, Format
    from napari_sam.session import AnnotationSession

#: What has images with objects: a folder, a session, or what a data set was read as.
Labelled: TypeAlias = "str | Path | AnnotationSession | Sequence[LabelledImage]"


def export_labels(
    labelled: Labelled,
    path: str | Path,
    *,
    format: Format | None = None,
    settings: ExportSettings | None = None,
    layout: str = "auto",
    overwrite: bool = False,
    appearance: Appearance | Callable[[Frames], Appearance] | None = None,
    report: Callable[[Progress], object] | None = None,
) -> ExportReport:
    """Write images and their objects as a data set of another program.

    The folder appears complete or not at all; the same call goes on after an
    interruption. It has a card of what is in it, ``DATA_CARD.md``, which also says how
    `label` made a folder, and a list of its images. `read_labelled_images`,
    ``napari-sam train`` and ``evaluate`` read all formats.

    Parameters
    ----------
    labelled
        A folder in any layout of ``docs/data.md``, or one of such folders; a session;
        or images with their objects.
    path
        The folder that is made.
    format
        ``coco``, ``yolo``, ``yolo-boxes``, ``voc``, ``labelme``, ``ctc`` or ``masks``;
        that of the settings unless given.
    settings
        Split, classes, and what the card says.
    layout
        How the files of a folder lie; ``auto`` detects it.
    overwrite
        Replace a data set that was exported before; other folders never.
    appearance
        How images are shown in 8 bits, or what decides it for each; by default limits
        are fitted to each image.
    report
        Called with the progress.

    Returns
    -------
    ExportReport
        Counts, and what was lost or changed, since the format does not hold it.

    Raises
    ------
    ImageError
        If images cannot be used, the format does not hold them, or the folder is there.

    Examples
    --------
    >>> import napari_sam as sam
    >>> sam.export_labels("cells", "cells_yolo", format="yolo")  # doctest: +SKIP
    """
    work = iter_export_labels(
        labelled,
        path,
        format=format,
        settings=settings,
        layout=layout,
        overwrite=overwrite,
        appearance=appearance,
    )
    return drain(work, report)


def iter_export_labels(
    labelled: Labelled,
    path: str | Path,
    *,
    format: Format | None = None,
    settings: ExportSettings | None = None,
    layout: str = "auto",
    overwrite: bool = False,
    appearance: Appearance | Callable[[Frames], Appearance] | None = None,
) -> Generator[Progress, None, ExportReport]:
    """Export as `export_labels` does, and yield progress; closing it stops the work."""
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.datasets.export import ExportSettings, iter_export

    settings = settings or ExportSettings()
    if format is not None:
        settings = replace(settings, format=format)
    if isinstance(labelled, str | Path):
        settings = _with_history(settings, Path(labelled))
    shown = (lambda _: appearance) if isinstance(appearance, Appearance) else appearance
    return iter_export(
        _labelled_images(labelled, layout),
        Path(path),
        settings,
        overwrite=overwrite,
        appearance=shown,
    )


def _with_history(settings: ExportSettings, folder: Path) -> ExportSettings:
    """Return settings whose card also says how a folder was labelled, if known."""
    from napari_sam.labelling.how_labelled import how_labelled

    said = [text for text in (settings.labelled_by, how_labelled(folder)) if text]
    return replace(settings, labelled_by="\n\n".join(said) or None)


def _labelled_images(labelled: Labelled, layout: str) -> Sequence[LabelledImage]:
    from napari_sam.datasets import read_labelled_images
    from napari_sam.session import AnnotationSession

    if isinstance(labelled, str | Path):
        return read_labelled_images(labelled, layout=layout)
    if isinstance(labelled, AnnotationSession):
        return session_images(labelled)
    return labelled


def session_images(
    session: AnnotationSession, *, name: str = "image"
) -> list[LabelledImage]:
    """Return the planes of a session with their objects and the classes of these.

    Parameters
    ----------
    session
        The session; its labels are read as they are when an image is used.
    name
        Of the image.
    """
    import numpy as np

    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets import LabelledImage
    from napari_sam.datasets.ground_truth.label_image import LabelTruth
    from napari_sam.datasets.image_sources import PlaneOf

    frames = session.frames
    labels = Frames(session.labels, "".join([*frames.sizes, "y", "x"]))
    infos = session.state.objects
    classes = {n: infos[n].category for n in infos if infos[n].category}

    def plane(index: int) -> LabelledImage:
        at = ",".join(f"{a}={i}" for a, i in frames.unravel(index).items())

        def truth() -> LabelTruth:
            return LabelTruth(np.array(labels[index]), categories=classes)

        full = f"{name}[{at}]" if at else name
        return LabelledImage(full, "session", PlaneOf(frames, index), truth)

    return [plane(index) for index in range(len(frames))]
