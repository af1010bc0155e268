"""Temporary label arrays on disk, painted window by window."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.sparse_array import SparseArray

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.core.images.frames import Frames

#: Side of a chunk, as of labels in zarr.
_CHUNK = 512


@contextmanager
def label_array(path: str | Path, frames: Frames) -> Iterator[SparseArray]:
    """Yield an array of zeros for the labels of an image: a `SparseArray`.

    Only chunks with objects take space. The array is in the folder of `path`, which
    needs space for the labels anyway, and is deleted in the end.

    Parameters
    ----------
    path
        Where the labels will be written, from this array.
    frames
        The image. The planes lie along the axes ``frames.sizes``.
    """
    import zarr

    parent = Path(path).absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(mkdtemp(dir=parent, prefix=f".{Path(path).name}-"))
    shape = (*frames.sizes.values(), *frames.plane_shape)
    chunks = (*(1 for _ in frames.sizes), *(min(n, _CHUNK) for n in frames.plane_shape))
    try:
        array = zarr.create_array(
            str(temporary / "labels"), shape=shape, chunks=chunks, dtype=np.uint32
        )
        yield SparseArray(array)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
