"""Images as they are seen: turned and mirrored as their metadata says."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from napari_sam.io.readers.colour_rules import as_lazy_as
from napari_sam.io.readers.lazy import Bounds, FileArray

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.io.geo_transform import Transform

T = TypeVar("T")

#: By orientation, as EXIF and TIFF number them: whether rows and columns are exchanged,
#: and then whether rows, and whether columns, run backwards.
_TURNS: Mapping[int, tuple[bool, bool, bool]] = MappingProxyType({
    2: (False, False, True), 3: (False, True, True), 4: (False, True, False),
    5: (True, False, False), 6: (True, False, True), 7: (True, True, True),
    8: (True, True, False),
})  # fmt: skip


def upright(
    data: PixelSource, axes: str, orientation: int, path: Path | str | None = None
) -> PixelSource:
    """Return pixels upright; what is lazy stays so. The axes stay the same.

    Parameters
    ----------
    data, axes
        The pixels as they are stored.
    orientation
        1 to 8, as EXIF and tag 274 of TIFF have it; others are 1.
    path
        Its name in messages.
    """
    if orientation not in _TURNS or not {"y", "x"} <= set(axes):
        return data
    exchanged, up, left = _TURNS[orientation]
    y, x = axes.index("y"), axes.index("x")
    shape = list(data.shape)
    if exchanged:
        shape[y], shape[x] = shape[x], shape[y]

    def read(bounds: Bounds) -> NDArray[np.generic]:
        cut = [slice(*b) for b in bounds]
        for axis, backwards in ((y, up), (x, left)):
            if backwards:
                cut[axis] = _backwards(cut[axis], shape[axis])
        if exchanged:
            cut[y], cut[x] = cut[x], cut[y]
        pixels = np.asarray(data[tuple(cut)])
        pixels = pixels.swapaxes(y, x) if exchanged else pixels
        flipped = [a for a, backwards in ((y, up), (x, left)) if backwards]
        return np.asarray(np.flip(pixels, tuple(flipped)))

    view = FileArray(path, tuple(int(n) for n in shape), data.dtype, read)
    return as_lazy_as(data, view)


def _backwards(part: slice, size: int) -> slice:
    return slice(size - part.stop, size - part.start)


def upright_transform(
    transform: Transform, orientation: int, shape: tuple[int, int]
) -> Transform:
    """Return the transform of the upright image, from that of the stored one.

    Parameters
    ----------
    transform
        Of the pixels as they are stored.
    orientation
        As of `upright`.
    shape
        Rows and columns of the upright image.
    """
    exchanged, up, left = _TURNS.get(orientation, (False, False, False))
    rows, cols = shape
    a, b, c, d, e, f = transform
    if exchanged:  # the upright column is the stored row
        a, b, d, e = b, a, e, d
    if left:
        a, c, d, f = -a, c + a * cols, -d, f + d * cols
    if up:
        b, c, e, f = -b, c + b * rows, -e, f + e * rows
    return a, b, c, d, e, f


def upright_axes(found: dict[str, T], orientation: int) -> dict[str, T]:
    """Return what is known of each axis, of the upright image."""
    if not _TURNS.get(orientation, (False,))[0]:
        return found
    names = {"y": "x", "x": "y"}
    return {names.get(axis, axis): size for axis, size in found.items()}
