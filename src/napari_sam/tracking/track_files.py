"""Files of tracks: which formats there are, and what is read of a path."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from napari_sam.core.errors import AxesError, ImageError, TrackError
from napari_sam.core.images.frames import Frames
from napari_sam.io.images import read_label_image
from napari_sam.io.labels import check_labels_path, write_labels
from napari_sam.io.readers.geff import geff_group
from napari_sam.io.readers.trackmate import is_trackmate
from napari_sam.io.writers.ctc import check_ctc_path
from napari_sam.tracking.csv_tracks import read_csv, save_csv
from napari_sam.tracking.ctc_tracks import ctc_table, read_ctc, save_ctc
from napari_sam.tracking.geff_tracks import (
    check_geff_path,
    geff_labels,
    read_tracks_geff,
    save_geff,
)
from napari_sam.tracking.trackmate_tracks import (
    read_tracks_trackmate,
    save_trackmate,
    sizes_of_trackmate,
)
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.io import Image

TrackFormat: TypeAlias = Literal["labels", "ctc", "geff", "csv", "trackmate"]
FORMATS: tuple[TrackFormat, ...] = get_args(TrackFormat)


def save_tracks(
    path: str | Path,
    tracks: Tracks,
    *,
    format: TrackFormat | None = None,
    like: Image | None = None,
    overwrite: bool = False,
) -> None:
    """Write tracks; see `Tracks.save`."""
    found = format or _format_of(Path(path))
    if found == "ctc":
        save_ctc(path, tracks, overwrite=overwrite)
    elif found == "geff":
        save_geff(path, tracks, like=like, overwrite=overwrite)
    elif found == "csv":
        save_csv(path, tracks, overwrite=overwrite)
    elif found == "trackmate":
        save_trackmate(path, tracks, like=like, overwrite=overwrite)
    elif found == "labels":
        write_labels(
            path, tracks.labels, axes=tracks.axes, like=like, overwrite=overwrite
        )
    else:
        raise TrackError(
            f"format={format!r}: expected one of {', '.join(map(repr, FORMATS))}."
        )


def check_tracks_path(
    path: Path, format: TrackFormat, *, overwrite: bool = False
) -> None:
    """Refuse a path that tracks cannot be written to, before any long work.

    Raises
    ------
    ImageError
        If there is something that is not replaced, or labels have no such format.
    """
    if format == "labels":
        check_labels_path(path, overwrite=overwrite)
    elif format == "ctc":
        check_ctc_path(path, overwrite=overwrite)
    elif format == "geff":
        check_geff_path(path, overwrite=overwrite)
    elif path.exists() and not overwrite:
        raise ImageError(f"{path} is there already. Give another name, or --overwrite.")


def holds_tracks(path: str | Path) -> bool:
    """Whether a path itself says which objects are one; tables and labels do not."""
    path = Path(path)
    folder = path.is_dir()
    return bool((folder and ctc_table(path)) or geff_group(path) or is_trackmate(path))


def read_tracks(
    path: str | Path,
    *,
    labels: ArrayLike | PixelSource | Frames | str | Path | None = None,
    axes: str | None = None,
) -> Tracks:
    """Read tracks from a file or a folder; masks are read where they are sliced.

    Parameters
    ----------
    path
        A folder of the Cell Tracking Challenge (``res_track.txt`` or ``man_track.txt``
        with masks), a graph in GEFF, a file of TrackMate ``.xml``, a table ``.csv``, or
        label images in which an object has one label everywhere.
    labels
        Label images that a table, or a graph without labels, is of; or their path.
    axes
        One letter of ``t z y x`` per dimension of the labels, if no file says them.

    Raises
    ------
    TrackError
        If table or graph and labels do not belong together.
    ImageError
        If there is nothing of these.

    Examples
    --------
    >>> import napari_sam as sam
    >>> tracks = sam.read_tracks("01_GT/TRA")  # doctest: +SKIP
    """
    path = Path(path)
    frames = None if labels is None else _frames(labels, axes)
    if path.is_dir() and ctc_table(path):
        return read_ctc(path)
    if geff_group(path):
        return read_tracks_geff(path, frames)
    if is_trackmate(path):
        return read_tracks_trackmate(path, frames)
    if path.suffix.lower() == ".csv":
        if frames is None:
            raise TrackError(
                f"{path} is a table, and says not what the objects are like: give the "
                "labels that it is of, labels=."
            )
        return read_csv(path, frames)
    return Tracks.from_labels(_frames(path, axes))


def labels_of_tracks(path: str | Path, tracks: Tracks) -> Image:
    """Return the labels of tracks that were read, with the pixel sizes of their file.

    Parameters
    ----------
    path
        Where the tracks were read: see `holds_tracks`.
    tracks
        What was read there.

    Returns
    -------
    Image
        Labels numbered by segment, read where they are sliced.
    """
    from napari_sam.io import Image

    path = Path(path)
    scale: dict[str, float] = {}
    units: dict[str, str] = {}
    if is_trackmate(path):
        scale, units = sizes_of_trackmate(path)
    elif (folder := path if ctc_table(path) else geff_labels(path)) is not None:
        found = read_label_image(folder, axes=tracks.axes)
        scale, units = dict(found.scale), dict(found.units)
    return Image(
        data=tracks.labels,
        axes=tracks.axes,
        scale={a: n for a, n in scale.items() if a in tracks.axes},
        units={a: n for a, n in units.items() if a in tracks.axes},
        path=path,
    )


def _frames(
    labels: ArrayLike | PixelSource | Frames | str | Path, axes: str | None
) -> Frames:
    if isinstance(labels, Frames):
        return labels
    if not isinstance(labels, str | Path):
        return Frames(labels, axes)
    try:
        return read_label_image(labels, axes=axes).frames
    except AxesError:
        if axes is not None:
            raise
        return read_label_image(labels, axes="tyx").frames


def _format_of(path: Path) -> TrackFormat:
    """Return the format of a name; of a zarr, the one that loses nothing."""
    suffix = path.suffix.lower()
    formats: dict[str, TrackFormat] = {
        "": "ctc",
        ".csv": "csv",
        ".zarr": "geff",
        ".geff": "geff",
        ".xml": "trackmate",
    }
    return formats.get(suffix, "labels")
