"""Contents of an image file: its images, and the axes and sizes of each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_sam.core.errors import NapariSamError
from napari_sam.io.images import open_unchecked
from napari_sam.io.readers.image import ReadOptions
from napari_sam.io.readers.remote import as_url

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict
    from napari_sam.io.readers.image import Image

#: What chooses one of several images: ``{"series": 1}``.
Part: TypeAlias = "dict[str, int | str]"


def contents_of(path: str | Path) -> list[JsonDict]:
    """Return what each image of a file is, as plain JSON types; no pixels are read.

    Each has ``options``: what chooses it on the command line and in Python. An image
    that cannot be opened has ``error``, where there are others.

    Parameters
    ----------
    path
        As of `read_image`.

    Raises
    ------
    NapariSamError
        If the file cannot be opened.
    """
    parts = _parts(path)
    if len(parts) == 1:
        return [{**_described(path, parts[0]), "options": {}}]
    found: list[JsonDict] = []
    for part in parts:
        try:
            found.append(_described(path, part))
        except NapariSamError as wrong:
            found.append({"options": dict(part), "error": str(wrong)})
    return found


def _parts(path: str | Path) -> list[Part]:
    """Return what chooses each image of a file; one empty dict if there is one."""
    local = Path(path)
    if as_url(path) is None and local.is_dir():
        return _of_zarr(local) or [{}]
    if as_url(path) is None and local.is_file():
        return _of_file(local) or [{}]
    return [{}]


def _of_zarr(path: Path) -> list[Part]:
    from napari_sam.io.readers.ome_zarr import is_zarr

    if not is_zarr(path):
        return []
    import zarr

    from napari_sam.io.readers.zarr_nodes import fields_of, ome_attributes, series_of

    group = zarr.open(path, mode="r")
    if not isinstance(group, zarr.Group):
        return []
    attributes = ome_attributes(group)
    if "plate" in attributes:
        return [{"field": name} for name in fields_of(group)]
    if "bioformats2raw.layout" in attributes:
        return [{"series": int(name)} for name in series_of(group)]
    if "multiscales" not in attributes:
        return [{"layer": str(name)} for name in group.array_keys()]
    return []


def _of_file(path: Path) -> list[Part]:
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"\x89HDF"):
        from importlib.util import find_spec

        if find_spec("h5py") is None:
            return []
        import h5py

        from napari_sam.io.readers.hdf5 import arrays_of

        with h5py.File(path, "r") as content:
            shapes = arrays_of(content)
        return [{"layer": name} for name, shape in shapes.items() if len(shape) > 1]
    image = open_unchecked(path, ReadOptions(series=0))
    count = image.metadata.get("series")
    if isinstance(count, tuple):
        return [{"series": k} for k in range(count[1])]
    return []


def _described(path: str | Path, part: Part) -> JsonDict:
    """Return the facts of one image."""
    image = open_unchecked(path, _options(part))
    shape = [int(n) for n in image.data.shape]
    sizes = dict(zip(image.axes, shape, strict=True)) if image.axes else {}
    planes = int(np.prod([n for a, n in sizes.items() if a not in "yxc"]))
    facts: JsonDict = {
        "options": dict(part),
        "kind": str(image.metadata.get("kind", "")),
        "axes": image.axes or "not in the file: give --axes",
        "sizes": sizes or shape,
        "dtype": str(np.dtype(image.data.dtype).newbyteorder("=")),
        "planes": planes if sizes else None,
        "channels": list(image.channel_names) or sizes.get("c"),
        "pixel size": _sizes(image),
        "levels": [[int(n) for n in level.shape] for level in image.levels],
        "CRS": image.crs,
        "transform": None if image.transform is None else list(image.transform),
        "nodata": image.nodata,
    }
    return {k: fact for k, fact in facts.items() if fact not in (None, "", {}, [])}


def _sizes(image: Image) -> dict[str, str]:
    return {
        axis: f"{size:g} {image.units.get(axis, '')}".strip()
        for axis, size in image.scale.items()
    }


def _options(part: Part) -> ReadOptions:
    series, field, layer = (part.get(name) for name in ("series", "field", "layer"))
    return ReadOptions(
        series=int(series) if series is not None else None,
        field=str(field) if field is not None else None,
        layer=str(layer) if layer is not None else None,
    )
