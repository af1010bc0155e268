"""Frames: an image, stack or video as a sequence of planes."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError, NapariSamError, NotAnImageError
from napari_sam.core.images.sources import as_source, shape_of
from napari_sam.core.images.unreadable import unreadable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.pixels import Pixels, PixelSource

_LETTERS = "tzcyx"
#: What other libraries call an axis, besides its letter.
_NAMES = {
    "time": "t", "depth": "z", "plane": "z", "channel": "c", "band": "c", "rgb": "c",
    "row": "y", "lat": "y", "latitude": "y", "col": "x", "lon": "x", "longitude": "x",
}  # fmt: skip
_CHOICES = {3: "'yxc', 'tyx', 'zyx', 'cyx'", 4: "'tzyx', 'tyxc', 'zyxc', 'tcyx'"}


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Planes of anything that has a shape and can be sliced (numpy, zarr, dask, HDF5).

    A plane is addressed by one number, its frame, however many axes the planes lie
    along; the last of these axes runs fastest. A channel axis belongs to the plane.

    Parameters
    ----------
    data
        The pixels. Only basic indexing is used, and only the window that is needed is
        read.
    axes
        One letter of ``t z c y x`` per dimension, e.g. ``"tyx"``. A two-dimensional
        array may leave it out, and so may one that names its dimensions itself, as
        xarray and zarr do; for others it is never guessed.
    levels
        The same image at coarser levels, finest first, with the same axes.
    nodata
        The value of pixels where nothing was measured.

    Attributes
    ----------
    sizes
        Length of each axis that the planes lie along, in order.
    plane_shape
        Rows and columns of every plane.
    n_channels
        Length of the channel axis, or None if there is none.

    Raises
    ------
    AxesError
        If the letters do not describe the array.
    NotAnImageError
        If there are no pixels, or they are not numbers.
    """

    data: PixelSource
    axes: str = ""
    levels: tuple[PixelSource, ...] = ()
    nodata: float | None = None
    sizes: dict[str, int] = field(init=False)
    plane_shape: tuple[int, int] = field(init=False)
    n_channels: int | None = field(init=False)

    def __init__(
        self,
        data: ArrayLike | PixelSource,
        axes: str | None = None,
        *,
        levels: Sequence[PixelSource] = (),
        nodata: float | None = None,
    ) -> None:
        source = as_source(data)
        shape = shape_of(source)
        named = _axes_named(source) if axes is None else axes
        object.__setattr__(self, "data", source)
        axes = _checked(named, shape)
        object.__setattr__(self, "axes", axes)
        sizes = dict(zip(axes, shape, strict=True))
        object.__setattr__(self, "plane_shape", (sizes.pop("y"), sizes.pop("x")))
        object.__setattr__(self, "n_channels", sizes.pop("c", None))
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "levels", tuple(map(as_source, levels)))
        object.__setattr__(self, "nodata", nodata)
        kind = np.dtype(source.dtype).kind
        if kind not in "buif":
            raise NotAnImageError(
                f"The pixels have the type {source.dtype}; expected integers, floats "
                "or booleans."
            )
        if 0 in shape:
            raise NotAnImageError(f"The image is empty: its shape is {shape}.")

    def __repr__(self) -> str:
        sizes = " ".join(
            f"{a}={n}" for a, n in zip(self.axes, self.data.shape, strict=True)
        )
        return f"Frames({sizes}, {self.dtype})"

    def __len__(self) -> int:
        return prod(self.sizes.values())

    def __getitem__(self, frame: int) -> Pixels:
        return self._read(frame, slice(None), slice(None))

    @property
    def dtype(self) -> np.dtype[np.generic]:
        """Type of the pixels, in the byte order of this machine."""
        kind: np.dtype[np.generic] = np.dtype(self.data.dtype)
        return kind.newbyteorder("=")

    def unravel(self, frame: int) -> dict[str, int]:
        """Return the index of a frame along each axis, e.g. ``{"t": 3, "z": 0}``."""
        if not 0 <= frame < len(self):
            raise IndexError(f"frame {frame} of an image with {len(self)} frames")
        where: dict[str, int] = {}
        for axis, size in reversed(self.sizes.items()):
            frame, where[axis] = divmod(frame, size)
        return {axis: where[axis] for axis in self.sizes}

    def ravel(self, where: Mapping[str, int]) -> int:
        """Inverse of `unravel`."""
        frame = 0
        for axis, size in self.sizes.items():
            if not 0 <= where[axis] < size:
                raise IndexError(f"{axis}={where[axis]} of {size}")
            frame = frame * size + where[axis]
        return frame

    def neighbours(self, frame: int, axis: str) -> tuple[int, ...]:
        """Frames just before and after along one axis; fewer at the ends."""
        if axis not in self.sizes:
            raise AxesError(
                f"There is no axis {axis!r} of several frames in axes={self.axes!r}."
            )
        where = self.unravel(frame)
        nearby = (where[axis] - 1, where[axis] + 1)
        inside = (i for i in nearby if 0 <= i < self.sizes[axis])
        return tuple(self.ravel({**where, axis: i}) for i in inside)

    def read(self, frame: int, region: Region) -> Pixels:
        """Return a window of one plane; nothing else is read."""
        return self._read(frame, *region.slices)

    def may_hold(self, frame: int, region: Region) -> bool:
        """Whether there may be anything but zeros in a window of one plane.

        Arrays that know it themselves have a method ``touches``; others may.
        """
        touches = getattr(self.data, "touches", None)
        return touches is None or bool(touches(self._window(frame, *region.slices)))

    def _read(self, frame: int, rows: slice, cols: slice) -> Pixels:
        window = self._window(frame, rows, cols)
        try:
            pixels = np.asarray(self.data[window], self.dtype)
        except (NapariSamError, MemoryError):
            raise
        except Exception as wrong:  # whatever reads them: a damaged chunk, a lost disk
            raise unreadable(wrong, frame) from wrong
        left = [a for a in self.axes if a in "yxc"]
        return pixels.transpose([left.index(a) for a in "yxc" if a in left])

    def _window(self, frame: int, rows: slice, cols: slice) -> tuple[int | slice, ...]:
        """Return the index of a part of a plane."""
        where = self.unravel(frame)
        parts: dict[str, int | slice] = {
            "y": rows,
            "x": cols,
            "c": slice(None),
            **where,
        }
        return tuple(parts[a] for a in self.axes)


def axes_of(names: Iterable[object]) -> str | None:
    """Return the letters that dimensions are named by, or None if any is unknown."""
    lower = [str(n).lower() for n in names]
    letters = [n if n in tuple(_LETTERS) else _NAMES.get(n, "") for n in lower]
    return "".join(letters) if all(letters) else None


def _axes_named(data: PixelSource) -> str | None:
    """Axes that an array names itself: dimensions of xarray or of zarr."""
    found = getattr(data, "dims", None)
    names = found or getattr(getattr(data, "metadata", None), "dimension_names", None)
    if not isinstance(names, tuple | list) or len(names) != len(data.shape):
        return None
    return axes_of(names)


def _checked(axes: str | None, shape: tuple[int, ...]) -> str:
    if axes is None and len(shape) == 2:
        return "yx"
    some = _CHOICES.get(len(shape), "'yx', 'yxc', 'tyx', 'tzcyx'")
    if len(shape) < 2:
        raise AxesError(f"An image has at least two dimensions; the shape is {shape}.")
    if axes is None:
        raise AxesError(
            f"An array of shape {shape} needs axes: one letter of t z c y x for each "
            f"dimension, such as {some}."
        )
    known = set(axes) <= set(_LETTERS) and len(set(axes)) == len(axes)
    if not known or not {"y", "x"} <= set(axes) or len(axes) != len(shape):
        raise AxesError(
            f"axes={axes!r} does not describe an array of shape {shape}. Give each "
            f"dimension its own letter of t z c y x, y and x among them: {some}."
        )
    return axes


def pixels_digest(plane: Pixels) -> str:
    """Return the digest of a plane: of its pixels, shape and dtype."""
    name = blake2b(f"{plane.shape}{plane.dtype.str}".encode(), digest_size=16)
    name.update(np.ascontiguousarray(plane).data)
    return name.hexdigest()
