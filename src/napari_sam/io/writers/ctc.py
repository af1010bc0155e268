"""Writer of tracks in the layout of the Cell Tracking Challenge."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import ImageError

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
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=path.parent, prefix=f".{path.name}-"))
    try:
        for time, plane in enumerate(planes):
            masks = _numbered(np.asarray(plane), time, tracks)
            name = f"mask{time:03d}.tif"
            tifffile.imwrite(temporary / name, masks, compression="zlib")
        rows = [f"{t.label} {t.begin} {t.end} {t.parent}\n" for t in tracks]
        (temporary / "res_track.txt").write_text("".join(rows), encoding="ascii")
        temporary.chmod(0o755)
        if path.exists():
            shutil.rmtree(path)
        temporary.rename(path)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def check_ctc_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is not replaced: there, or with anything else in it.

    Raises
    ------
    ImageError
        If it is one of these.
    """
    if not path.exists():
        return
    if not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    names = [p.name for p in path.iterdir()] if path.is_dir() else [path.name]
    others = [n for n in names if not _OURS.fullmatch(n)]
    if others:
        raise ImageError(
            f"{path} is not replaced, since it holds {others[0]}, which is none of "
            "masks and tracks. Give another name."
        )


def _numbered(
    plane: NDArray[np.generic], time: int, tracks: Sequence[CtcTrack]
) -> NDArray[np.uint16]:
    masks = np.zeros(plane.shape, np.uint16)
    for track in tracks:
        if track.begin <= time <= track.end:
            masks[plane == track.source] = track.label
    return masks
