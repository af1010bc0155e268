"""Images with their labels: ``images/NAME.*`` beside ``labels/NAME.*``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.io.images import read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.frames import Frames


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """An image and what is in it.

    Attributes
    ----------
    name
        The files' common stem.
    kind
        The folder that holds ``images`` and ``labels``.
    frames
        The image, of one plane.
    labels
        ``(rows, cols)`` int32; 0 is background.
    """

    name: str
    kind: str
    frames: Frames
    labels: NDArray[np.int32]


def read_pairs(root: str | Path) -> list[Pair]:
    """Read a folder of images and labels.

    Raises
    ------
    MissingFileError
        If there is no ``images`` or ``labels``, or an image without labels.
    ImageError
        If labels do not fit their image, or there is no object in any of them.
    """
    root = Path(root)
    for folder in (root / "images", root / "labels"):
        if not folder.is_dir():
            raise MissingFileError(
                f"{folder} is not a folder. Give folders that hold images/ and "
                "labels/, with the same file names in both."
            )
    paths = sorted(p for p in (root / "images").iterdir() if p.is_file())
    pairs = [_read_pair(root, path) for path in paths]
    if not any(p.labels.any() for p in pairs):
        raise ImageError(f"{root}: there is no object in any of {len(pairs)} images.")
    return pairs


def _read_pair(root: Path, path: Path) -> Pair:
    beside = sorted((root / "labels").glob(f"{path.stem}.*"))
    if not beside:
        raise MissingFileError(f"{path} has no labels: {root / 'labels'}/{path.stem}.*")
    frames = read_image(path).frames
    labels = np.asarray(read_image(beside[0]).data)
    if len(frames) != 1 or labels.shape != frames.plane_shape:
        raise ImageError(
            f"{beside[0]} has the shape {labels.shape}, but {path} has "
            f"{len(frames)} planes of {frames.plane_shape}: expected one plane, and "
            "labels of its rows and columns."
        )
    if labels.dtype.kind not in "iub":
        raise ImageError(f"{beside[0]}: labels are whole numbers, not {labels.dtype}.")
    return Pair(path.stem, root.name, frames, labels.astype(np.int32))
