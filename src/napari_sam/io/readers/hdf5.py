"""Reader of arrays in HDF5 by h5py, with axes and pixel sizes where they are noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.optional_packages import import_optional
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.layers import choose_layer
from napari_sam.io.readers.lazy import Bounds, FileArray

if TYPE_CHECKING:
    from pathlib import Path

    from h5py import Dataset, File
    from numpy.typing import NDArray

_DEFAULT = ReadOptions()
#: Pyramids of Imaris: one array for each level, time and channel.
_IMARIS = "DataSet/ResolutionLevel 0/TimePoint 0/Channel 0/Data"


def read_hdf5(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Open the largest array of an HDF5 file, or the one that `options` name.

    Axes are those in the attribute ``axistags`` (ilastik) or in the labels of its
    dimensions, and pixel sizes those in ``element_size_um`` (Fiji, PlantSeg). An
    Imaris file is opened with all its times and channels.
    """
    h5py = import_optional("h5py", f"{path.name} is HDF5; reading it")
    with h5py.File(path, "r") as file:
        if options.layer is None and _IMARIS in file:
            from napari_sam.io.readers.imaris import read_imaris

            return read_imaris(path, file)
        shapes = arrays_of(file)
        name = choose_layer(path, shapes, options.layer)
        array = file[name]
        axes = _axes(array)
        sizes = array.attrs.get("element_size_um")
        known = axes and sizes is not None and "zyx" in axes and len(sizes) == 3
        return Image(
            data=FileArray(path, array.shape, array.dtype, _Windows(path, name)),
            axes=axes,
            scale={a: float(s) for a, s in zip("zyx", sizes, strict=True)}
            if known
            else {},
            units=dict.fromkeys("zyx", "micrometer") if known else {},
            metadata={"kind": "HDF5", "layer": name},
        )


def arrays_of(file: File) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the arrays of numbers in an HDF5 file, by their paths."""
    import h5py

    found: dict[str, tuple[int, ...]] = {}

    def note(name: str, node: object) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind in "buif":
            found[name] = tuple(node.shape)

    file.visititems(note)
    return found


def _axes(array: Dataset) -> str:
    """Return the letters of the axes of an array; empty if they are not noted."""
    import json

    try:
        tags = json.loads(array.attrs["axistags"])["axes"]
        letters = "".join(str(tag["key"]) for tag in tags)
    except (KeyError, TypeError, ValueError):
        letters = "".join(str(d.label)[:1].lower() for d in array.dims)
    known = len(letters) == array.ndim and set(letters) <= set("tzcyx")
    if not known and "element_size_um" in array.attrs and array.ndim == 3:
        return "zyx"
    return letters if known and len(set(letters)) == len(letters) else ""


class _Windows:
    """Reader of windows; the file is open only while one is read."""

    def __init__(self, path: Path, name: str) -> None:
        self._path, self._name = path, name

    def __call__(self, bounds: Bounds) -> NDArray[np.generic]:
        import h5py

        with h5py.File(self._path, "r") as file:
            return np.asarray(file[self._name][tuple(slice(*b) for b in bounds)])
