"""A folder of images and labels, written as `read_labelled_images` reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tifffile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["write_labelled_folder"]


def write_labelled_folder(
    folder: Path,
    examples: Iterable[tuple[NDArray[np.uint8], NDArray[np.integer]]],
) -> int:
    """Write pairs of an image and its labels; return how many.

    Parameters
    ----------
    folder
        Gets ``images`` and ``labels``.
    examples
        Images ``(rows, cols, 3)`` and labels ``(rows, cols)``.
    """
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    count = 0
    for count, (image, labels) in enumerate(examples, start=1):
        name = f"{count:04}.tif"
        tifffile.imwrite(folder / "images" / name, image, photometric="rgb")
        tifffile.imwrite(folder / "labels" / name, labels.astype("uint32"))
    return count
