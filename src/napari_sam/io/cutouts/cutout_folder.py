"""A folder of cut-outs: a picture for each object, and a table of them."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import check_writable, replacing_folder
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from napari_sam.io.cutouts.crop import Cutout

__all__ = ["check_cutout_folder", "iter_write_folder"]

#: The table, by which a folder of cut-outs is known.
_TABLE = "cutouts.csv"
_COLUMNS = (
    "file",
    "frame",
    "object",
    "class",
    "top",
    "left",
    "bottom",
    "right",
    "area",
)
#: What some system does not take in a file's name.
_ODD = re.compile(r'[\x00-\x1f<>:"/\\|?*\s]+')


def check_cutout_folder(path: Path, *, overwrite: bool) -> None:
    """Refuse a folder that is not replaced: one that holds anything but cut-outs.

    Raises
    ------
    ImageError
        If it is there, and may not be replaced.
    """
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    if path.exists():
        others = _others(path)
        if others:
            raise ImageError(
                f"{path} is not replaced, since it holds {others[0]}, which is no "
                "cut-out. Give another name."
            )
    check_writable(path, folder=True)


def iter_write_folder(
    path: Path, cutouts: Iterable[Cutout], *, stack: bool, overwrite: bool
) -> Iterator[Cutout]:
    """Write cut-outs one by one, and yield each; the folder appears when all are done.

    Parameters
    ----------
    path
        The folder.
    cutouts
        The objects, cut out.
    stack
        Whether there are several frames, whose number is then in the names.
    overwrite
        Replace a folder of cut-outs.
    """
    check_cutout_folder(path, overwrite=overwrite)
    with (
        replacing_folder(path, overwrite=overwrite) as folder,
        (folder / _TABLE).open("w", encoding="utf-8", newline="") as file,
    ):
        table = csv.writer(file, lineterminator="\n")
        table.writerow(_COLUMNS)
        for one in cutouts:
            name = _name(one, stack)
            one.save(folder / name)
            box = one.region
            table.writerow((
                name, one.frame, one.object_id, one.category,
                box.top, box.left, box.bottom, box.right, one.area,
            ))  # fmt: skip
            yield one


def _name(one: Cutout, stack: bool) -> str:
    frame = f"frame{one.frame:04d}_" if stack else ""
    kind = _ODD.sub("_", one.category).strip("_.")
    return f"{frame}{one.object_id:05d}{f'_{kind}' if kind else ''}.png"


def _others(path: Path) -> list[str]:
    """Return what is in a folder and not in its table of cut-outs."""
    if not path.is_dir():
        return [path.name]
    try:
        with (path / _TABLE).open(encoding="utf-8", newline="") as file:
            ours = {row.get("file") for row in csv.DictReader(file)} | {_TABLE}
    except (OSError, UnicodeDecodeError, csv.Error):
        ours = set()
    return sorted(p.name for p in path.iterdir() if p.name not in ours)
