"""The mark of a TIFF with labels of ours, so that it is opened as labels again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tifffile import TiffFile

#: TIFF's tag Software of label images that we write.
SOFTWARE = "napari-sam labels"


def is_saved_labels(path: str | Path) -> bool:
    """Whether a file is a TIFF that `write_labels` wrote."""
    path = Path(path)
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        return False
    import tifffile

    try:
        with tifffile.TiffFile(path) as tiff:
            return is_ours(tiff)
    except (OSError, ValueError, IndexError, tifffile.TiffFileError):
        return False


def is_ours(tiff: TiffFile) -> bool:
    """Whether an open TIFF is one that `write_labels` wrote."""
    return bool(len(tiff.pages)) and str(tiff.pages.first.software) == SOFTWARE
