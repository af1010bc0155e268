"""Writer of labels as OME-Zarr: several levels, chunk by chunk."""

from __future__ import annotations

from itertools import product
from math import ceil
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from napari_sam.core.atomic_write import replacing_folder
from napari_sam.core.errors import ImageError
from napari_sam.io.readers.ome_zarr import is_zarr, level_transforms
from napari_sam.io.readers.zarr_nodes import ome_attributes
from napari_sam.io.sparse_array import SparseArray, touched

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray
    from zarr.core.chunk_key_encodings import ChunkKeyEncodingParams

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.json_values import JsonDict
    from napari_sam.io.readers.image import Image

#: Side of a chunk, and how small the coarsest level is.
_CHUNK = 512
_KINDS: Mapping[str, str] = MappingProxyType({"t": "time", "c": "channel"})


class Level(NamedTuple):
    """A level of a pyramid: shape, pixel size, and position of the first pixel."""

    shape: tuple[int, ...]
    scale: tuple[float, ...]
    start: tuple[float, ...]


def image_of(path: Path) -> Path | None:
    """Return the OME-Zarr image of labels ``IMAGE/labels/NAME``, or None."""
    inside = path.parent.name == "labels" and is_zarr(path.parents[1])
    return path.parents[1] if inside else None


def write_zarr(
    path: Path,
    frames: Frames,
    dtype: np.dtype[np.generic],
    like: Image | None,
    *,
    overwrite: bool,
) -> None:
    """Write labels as an OME-Zarr, or into an image: ``IMAGE/labels/NAME``.

    In an image they have its version, levels and pixel sizes. Every level is sampled
    from the one before by nearest neighbour, so that no labels are mixed.
    """
    image = image_of(path)
    version, levels = "0.5", _levels(frames, like)
    if image is not None:
        version, levels = _levels_of_image(image, frames, levels)
    if overwrite and path.exists() and not is_zarr(path):
        raise ImageError(f"{path} is no zarr, and is not replaced by one.")
    with replacing_folder(path, overwrite=overwrite) as folder:
        _write_group(folder, frames, dtype, like, levels, version, image is not None)
    if image is not None:
        _register(path, version)


def _levels(frames: Frames, like: Image | None) -> list[Level]:
    """Return the levels of labels: planes are halved until one chunk holds them."""
    sizes = like.scale if like else {}
    starts = like.translation if like else {}
    level = Level(
        tuple(frames.data.shape),
        tuple(sizes.get(a, 1.0) for a in frames.axes),
        tuple(starts.get(a, 0.0) for a in frames.axes),
    )
    levels = [level]
    while max(n for n, a in zip(level.shape, frames.axes, strict=True) if a in "yx") > (
        _CHUNK
    ):
        by = [2 if a in "yx" else 1 for a in frames.axes]
        shape = [ceil(n / b) for n, b in zip(level.shape, by, strict=True)]
        scale = [s * b for s, b in zip(level.scale, by, strict=True)]
        moved = [  # the middle of a coarse pixel is that of the fine ones it covers
            t + (b - 1) * s / 2
            for t, s, b in zip(level.start, level.scale, by, strict=True)
        ]
        level = Level(tuple(shape), tuple(scale), tuple(moved))
        levels.append(level)
    return levels


def _levels_of_image(
    image: Path, frames: Frames, levels: list[Level]
) -> tuple[str, list[Level]]:
    """Return the OME-Zarr version of an image, and its levels if the shapes agree."""
    import zarr

    group = zarr.open_group(image, mode="r")
    version = "0.4" if group.metadata.zarr_format == 2 else "0.5"
    try:
        scales = ome_attributes(group)["multiscales"][0]
        axes = [a["name"] if isinstance(a, dict) else a for a in scales["axes"]]
        arrays: list[Any] = [group[d["path"]] for d in scales["datasets"]]
    except (KeyError, IndexError, TypeError):
        return version, levels
    without_channels = [i for i, a in enumerate(axes) if a != "c"]
    if "".join(axes[i] for i in without_channels) != frames.axes:
        return version, levels
    found = []
    for array, (size, start) in zip(
        arrays, level_transforms(scales, len(axes)), strict=True
    ):
        scale = tuple(size[i] for i in without_channels) if size else levels[0].scale
        origin = tuple(start[i] for i in without_channels) if size else levels[0].start
        found.append(
            Level(tuple(array.shape[i] for i in without_channels), scale, origin)
        )
    return version, found if found[0].shape == levels[0].shape else levels


def _write_group(
    where: Path,
    frames: Frames,
    dtype: np.dtype[np.generic],
    like: Image | None,
    levels: list[Level],
    version: str,
    inside: bool,
) -> None:
    import zarr

    form: Literal[2, 3] = 2 if version == "0.4" else 3
    group = zarr.open_group(where, mode="a", zarr_format=form)
    source: PixelSource = frames.data
    keys: ChunkKeyEncodingParams | None = (
        {"name": "v2", "separator": "/"} if form == 2 else None
    )
    names = tuple(frames.axes) if form == 3 else None
    for k, level in enumerate(levels):
        chunks = tuple(
            min(n, _CHUNK if a in "yx" else 1)
            for n, a in zip(level.shape, frames.axes, strict=True)
        )
        array = SparseArray(
            group.create_array(
                str(k),
                shape=level.shape,
                chunks=chunks,
                dtype=dtype,
                chunk_key_encoding=keys,
                dimension_names=names,
            )
        )
        _fill(array, source, chunks)
        source = array
    group.attrs.update(_attributes(frames.axes, like, levels, version, inside))


def _fill(array: SparseArray, source: PixelSource, chunks: tuple[int, ...]) -> None:
    """Fill a level chunk by chunk, by nearest neighbour."""
    steps = (range(0, n, c) for n, c in zip(array.shape, chunks, strict=True))
    for start in product(*steps):
        block, reads, takes = [], [], []
        for at, c, n, wide in zip(
            start, chunks, array.shape, source.shape, strict=True
        ):
            stop = min(at + c, n)
            nearest = _nearest(np.arange(at, stop), n, wide)
            block.append(slice(at, stop))
            reads.append(slice(int(nearest[0]), int(nearest[-1]) + 1))
            takes.append(nearest - nearest[0])
        if not touched(source, reads):
            continue
        pixels: NDArray[np.generic] = np.asarray(source[tuple(reads)])
        taken = pixels[np.ix_(*takes)]
        if taken.any():
            array[tuple(block)] = taken.astype(array.dtype)


def _nearest(at: NDArray[np.int64], size: int, wide: int) -> NDArray[np.int64]:
    """Return the pixels of a finer level in the middle of those of a coarser level."""
    by = max(1, round(wide / size))
    if size in (wide // by, -(-wide // by)):  # a last pixel may reach over the edge
        return np.minimum(at * by + by // 2, wide - 1)
    return ((at + 0.5) * wide / size).astype(np.int64)


def _attributes(
    axes: str, like: Image | None, levels: list[Level], version: str, inside: bool
) -> JsonDict:
    units = like.units if like else {}
    named: list[JsonDict] = []
    for axis in axes:
        unit = {"unit": units[axis]} if axis in units else {}
        named.append({"name": axis, "type": _KINDS.get(axis, "space"), **unit})
    datasets: list[JsonDict] = [
        {"path": str(k), "coordinateTransformations": _steps(one)}
        for k, one in enumerate(levels)
    ]
    old = {"version": version} if version == "0.4" else {}
    attributes: JsonDict = {
        "multiscales": [
            {**old, "axes": named, "datasets": datasets, "type": "nearest"}
        ],
        "image-label": {**old, **({"source": {"image": "../../"}} if inside else {})},
    }
    return attributes if old else {"ome": {"version": version, **attributes}}


def _steps(level: Level) -> list[JsonDict]:
    steps: list[JsonDict] = [{"type": "scale", "scale": list(level.scale)}]
    if any(level.start):
        steps.append({"type": "translation", "translation": list(level.start)})
    return steps


def _register(path: Path, version: str) -> None:
    """Add the labels to the list of labels of the image."""
    import zarr

    form: Literal[2, 3] = 2 if version == "0.4" else 3
    group = zarr.open_group(path.parent, mode="a", zarr_format=form)
    attributes = ome_attributes(group)
    names = attributes.get("labels")
    listed = [*names] if isinstance(names, list) else []
    new = {
        **attributes,
        "labels": [*listed, *([] if path.name in listed else [path.name])],
    }
    group.attrs.update(
        new if version == "0.4" else {"ome": {"version": version, **new}}
    )
