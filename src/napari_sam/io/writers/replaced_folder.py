"""Which folders of tracks are replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    import re
    from pathlib import Path


def check_replaceable(
    path: Path, ours: re.Pattern[str], what: str, *, overwrite: bool
) -> None:
    """Refuse a folder that is not replaced: there, or with anything else in it.

    Parameters
    ----------
    path
        The folder.
    ours
        Names in it that are replaced.
    what
        What others are not, for the message: ``"none of masks and tracks"``.
    overwrite
        Whether a folder that is there may be replaced at all.

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
    names = sorted(p.name for p in path.iterdir()) if path.is_dir() else [path.name]
    others = [n for n in names if not ours.fullmatch(n)]
    if others:
        raise ImageError(
            f"{path} is not replaced, since it holds {others[0]}, which is {what}. "
            "Give another name."
        )
