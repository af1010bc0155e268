"""Objects measured in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_image
from napari_sam.core.errors import AxesError
from napari_sam.core.progress import drain
from napari_sam.io import Image, read_image, read_label_image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    import pandas as pd

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.progress import Progress
    from napari_sam.measurement import MeasureSettings
    from napari_sam.tracking import Tracks


def measure(
    labels: AnyImage | Tracks,
    image: AnyImage | None = None,
    *,
    axes: str | None = None,
    scale: Mapping[str, float] | float | None = None,
    units: Mapping[str, str] | str | None = None,
    settings: MeasureSettings | None = None,
    report: Callable[[Progress], object] | None = None,
) -> pd.DataFrame:
    """Return a table with a row for each object of each frame.

    Frames are read one by one, and large ones in parts: labels and image may be larger
    than memory.

    Parameters
    ----------
    labels
        Labels or `Tracks`: an array, the path of a file, or what `read_image` gives.
    image
        The image of the labels, for statistics of its brightness, and for sizes of
        pixels that the labels do not know.
    axes
        One letter of ``t z c y x`` per dimension, where the data do not name them: of
        the labels, and with ``c`` of the image. With ``z``, objects are measured as
        volumes.
    scale
        Size of a pixel along each axis, and the time between frames along ``t``:
        ``{"y": 0.2, "x": 0.2, "t": 5}``; or one number for z, y and x. By default what
        the files say, else lengths are in pixels and times in frames.
    units
        Unit along each axis, or one for z, y and x.
    settings
        What is measured.
    report
        Called with each step.

    Returns
    -------
    Table
        ``docs/measure.md`` lists its columns. The units of all are in
        ``table.attrs["units"]``, those of lengths and times in its last two columns.

    Raises
    ------
    ImageError
        If labels are no whole numbers, the image has other frames, or sizes of pixels
        are not known along all axes, do not fit together or are in degrees.
    MissingPackageError
        If pandas is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_sam as sam
    >>> labels = np.zeros((8, 8), int)
    >>> labels[2:4, 1:6] = 3
    >>> sam.measure(labels, scale=0.5)[["object", "area"]].to_numpy().tolist()
    [[3.0, 2.5]]
    """
    work = iter_measure(
        labels, image, axes=axes, scale=scale, units=units, settings=settings
    )
    return drain(work, report)


def iter_measure(
    labels: AnyImage | Tracks,
    image: AnyImage | None = None,
    *,
    axes: str | None = None,
    scale: Mapping[str, float] | float | None = None,
    units: Mapping[str, str] | str | None = None,
    settings: MeasureSettings | None = None,
) -> Generator[Progress, None, pd.DataFrame]:
    """Measure as `measure` does, and yield progress; closing it stops the work."""
    from napari_sam import measurement
    from napari_sam.measurement.planes_and_volumes import PlanesAndVolumes

    settings = settings or measurement.MeasureSettings()
    opened = _opened_labels(labels, axes)
    pixels = None if image is None else _opened_image(image, axes or opened.axes)
    calibration = measurement.Calibration.of(
        [opened] if pixels is None else [opened, pixels],
        scale=scale,
        units=units,
        axes=PlanesAndVolumes(opened.frames, settings.by_plane).axes,
    )
    table = yield from measurement.iter_measure(
        opened.frames,
        None if pixels is None else pixels.frames,
        calibration=calibration,
        channels=() if pixels is None else pixels.channel_names,
        settings=settings,
    )
    return _with_confidence(table, labels)


def _with_confidence(table: pd.DataFrame, labels: AnyImage | Tracks) -> pd.DataFrame:
    """Add the confidence of tracks; of volumes, the lowest of its planes."""
    from napari_sam.tracking import Tracks

    if not isinstance(labels, Tracks):
        return table
    known: dict[tuple[int, int], float] = {}
    for s in labels.segments:
        for frame, value in zip(s.frames.tolist(), s.confidences.tolist(), strict=True):
            at = frame
            if "volume" in table:
                at = labels.source.unravel(frame).get("t", 0)
            known[s.id, at] = min(known.get((s.id, at), 1.0), value)
    rows = zip(table["object"], table["frame"], strict=True)
    found = [known.get((int(i), int(frame)), float("nan")) for i, frame in rows]
    last = [name for name in ("length_unit", "time_unit") if name in table]
    table.insert(len(table.columns) - len(last), "confidence", found)
    return table


def _opened_labels(labels: AnyImage | Tracks, axes: str | None) -> Image:
    from napari_sam.tracking import Tracks

    if isinstance(labels, Tracks):
        return Image(data=labels.labels, axes=labels.axes)
    axes = None if axes is None else axes.replace("c", "")
    if isinstance(labels, str | Path):
        return read_label_image(labels, axes=axes)
    return to_image(labels, axes)


def _opened_image(image: AnyImage, axes: str | None) -> Image:
    """Open the image of labels; the axes that a file names are its own."""
    if not isinstance(image, str | Path):
        return to_image(image, axes)
    try:
        return read_image(image)
    except AxesError:
        if axes is None:
            raise
        return read_image(image, axes=axes)
