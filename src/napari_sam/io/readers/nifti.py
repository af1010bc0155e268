"""Reader of NIfTI by nibabel."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NotAnImageError
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.lazy import Bounds, FileArray
from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

_DEFAULT = ReadOptions()


def read(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Open a volume lazily, with axes ``zyx`` or ``tzyx`` and its pixel sizes.

    Rows are the second axis of the file and columns its first; nothing is turned.
    """
    nibabel = import_optional("nibabel", f"{path.name} is NIfTI; reading it")
    with _unheard():
        volume = nibabel.load(path)
    stored = volume.dataobj
    if len(volume.shape) not in (2, 3, 4):
        raise NotAnImageError(
            f"{path} has the shape {volume.shape}; expected x, y, z and t at most."
        )
    corner = np.asarray(stored[(slice(0, 1),) * len(volume.shape)])

    def window(bounds: Bounds) -> NDArray[np.generic]:
        return np.asarray(stored[tuple(slice(*b) for b in reversed(bounds))]).T

    axes = "tzyx"[-len(volume.shape) :]
    sizes = [float(s) for s in volume.header.get_zooms()][::-1]
    units = volume.header.get_xyzt_units() if _has_units(volume) else ("mm", "sec")
    named = {a: unit_name(units[a == "t"]) for a in axes}
    return Image(
        data=FileArray(path, tuple(volume.shape[::-1]), corner.dtype, window),
        axes=axes,
        scale={a: s for a, s in zip(axes, sizes, strict=True) if s > 0},
        units={a: u for a, u in named.items() if u},
        metadata={"kind": "NIfTI"},
    )


def _has_units(volume: object) -> bool:
    return hasattr(getattr(volume, "header", None), "get_xyzt_units")


@contextmanager
def _unheard() -> Iterator[None]:
    """Keep remarks of nibabel, which has a handler of its own, from stderr."""
    logger = logging.getLogger("nibabel.global")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
