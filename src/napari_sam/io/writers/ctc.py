"""Writer of tracks in the layout of the Cell Tracking Challenge."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.atomic_write import replacing_folder
from napari_sam.core.errors import ImageError
from napari_sam.io.writers.replaced_folder import check_replaceable

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

#: The largest number that a mask of 16 bits holds.
_MOST = 2**16 - 1
#: Names of files that are replaced.
_OURS = re.compile(r"mask\d+\.tif|res_track\.txt")


class CtcTrack(NamedTuple):
    """A row of ``res_track.txt``, and where its pixels come from.

    Attributes
    ----------
    label
        Number in the masks written.
    begin, end
        First and last time; it is there at every time between.
    parent
        Track that it comes from, or 0.
    source
        Its label in the array.
    """

    label: int
    begin: int
    end: int
    parent: int
    source: int


def write_ctc(
    path: str | Path,
    planes: Iterator[NDArray[np.generic]],
    tracks: Sequence[CtcTrack],
    *,
    overwrite: bool = False,
) -> None:
    """Write ``maskNNN.tif`` for each time, and ``res_track.txt``.

    The folder appears complete or not at all.

    Parameters
    ----------
    path
        The folder, made if it is not there.
    planes
        Labels ``(y, x)`` or ``(z, y, x)``, time by time.
    tracks
        All of them; pixels of other labels are left out.
    overwrite
        Replace an existing folder.

    Raises
    ------
    ImageError
        If the folder exists, or holds anything else, or a label is larger than masks
        of 16 bits hold.
    """
    import tifffile

    path = Path(path)
    check_ctc_path(path, overwrite=overwrite)
    if any(t.label > _MOST for t in tracks):
        raise ImageError(f"Masks of the challenge hold labels up to {_MOST}.")
    with replacing_folder(path, overwrite=overwrite) as folder:
        for time, plane in enumerate(planes):
            masks = _numbered(np.asarray(plane), time, tracks)
            name = f"mask{time:03d}.tif"
            tifffile.imwrite(folder / name, masks, compression="zlib")
        rows = [f"{t.label} {t.begin} {t.end} {t.parent}\n" for t in tracks]
        (folder / "res_track.txt").write_text("".join(rows), encoding="ascii")


def check_ctc_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is not replaced: there, or with anything else in it.

    Raises
    ------
    ImageError
        If it is one of these.
    """
    check_replaceable(path, _OURS, "none of masks and tracks", overwrite=overwrite)


def _numbered(
    plane: NDArray[np.generic], time: int, tracks: Sequence[CtcTrack]
) -> NDArray[np.uint16]:
    masks = np.zeros(plane.shape, np.uint16)
    for track in tracks:
        if track.begin <= time <= track.end:
            masks[plane == track.source] = track.label
    return masks
