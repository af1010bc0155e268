"""OME-Zarr: an image with ``labels/NAME`` in the same group, read chunk by chunk."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.image_files import first_few
from napari_sam.datasets.image_sources import ImageFile, LabelFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io.images import read_image, read_label_image
from napari_sam.io.readers.zarr_nodes import ome_attributes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets.read_cache import ReadCache
    from napari_sam.io.slicing import ChunkedArray

__all__ = ["DESCRIPTION", "matches", "read"]

DESCRIPTION = "NAME.zarr with labels in it (OME-Zarr)"


def matches(root: Path) -> bool:
    """Whether a path is an OME-Zarr image with labels, labels, or a folder of these."""
    return bool(_images(root))


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images of planes with objects; the labels are read once for that.

    Raises
    ------
    MissingFileError
        If there is no image with labels.
    ImageError
        If there are several labels to choose from, none of them holds an object, or
        they fit no level of their image.
    """
    found = _images(root)
    if not found:
        raise MissingFileError(
            f"There is nothing to read in {root}; expected {DESCRIPTION}."
        )
    found_images = []
    for image, names in found:
        if len(names) != 1:
            raise ImageError(
                f"{image} has {len(names)} labels: {first_few(names, 5)}. Give the "
                f"path of one of them, such as {image / 'labels' / names[0]}."
            )
        found_images += list(
            _labelled_images(image, image / "labels" / names[0], root, cache)
        )
    if not found_images:
        raise ImageError(f"{root}: there is no object in any frame of its labels.")
    return found_images


def _images(root: Path) -> list[tuple[Path, list[str]]]:
    """Return OME-Zarr images, and the names of their labels."""
    if root.parent.name == "labels" and _is_group(root) and _is_group(root.parents[1]):
        return [(root.parents[1], [root.name])]
    here = [root] if _is_group(root) else sorted(root.glob("[!.]*.zarr"))
    named = ((image, _label_names(image)) for image in here if _is_group(image))
    return [(image, names) for image, names in named if names]


def _is_group(path: Path) -> bool:
    return (path / "zarr.json").is_file() or (path / ".zgroup").is_file()


def _label_names(image: Path) -> list[str]:
    labels = image / "labels"
    if not labels.is_dir():
        return []
    return [p.name for p in sorted(labels.iterdir()) if p.is_dir() and _is_group(p)]


def _labelled_images(
    image: Path, labels: Path, root: Path, cache: ReadCache
) -> Iterator[LabelledImage]:
    path, axes = _levels(labels)[0]
    labels_read = read_label_image(path, axes=axes).frames
    image_path, image_axes = _level_like(image, labels, labels_read)
    pixels = read_image(image_path, axes=image_axes).frames
    stem = image.name.removesuffix(".zarr").removesuffix(".ome")
    for plane in _planes_with_objects(labels_read):
        at = labels_read.unravel(plane)
        where = ",".join(f"{a}={i}" for a, i in at.items() if labels_read.sizes[a] > 1)
        where = f"[{where}]" if where else ""
        same = pixels.ravel({a: at.get(a, 0) for a in pixels.sizes})
        yield LabelledImage(
            stem + where,
            root.name if root != labels else image.name,
            ImageFile(image_path, cache, image_axes, same),
            LabelFile(path, cache, axes, plane),
            files=(f"{image_path}{where}", f"{path}{where}"),
        )


def _levels(path: Path) -> list[tuple[Path, str]]:
    """Return the arrays of a multiscale group, finest first, and their axes."""
    import zarr

    try:
        scales = ome_attributes(zarr.open_group(path, mode="r"))["multiscales"][0]
        names = [a["name"] if isinstance(a, dict) else a for a in scales["axes"]]
        return [(path / d["path"], "".join(names)) for d in scales["datasets"]]
    except (KeyError, IndexError, TypeError, ValueError, OSError) as wrong:
        raise ImageError(
            f"{path} is no OME-Zarr image: its multiscales cannot be understood "
            f"({type(wrong).__name__}: {wrong}). Expected version 0.4 or 0.5."
        ) from wrong


def _level_like(image: Path, labels: Path, labels_read: Frames) -> tuple[Path, str]:
    """Return the level of the image that has the size of its labels."""
    shapes = []
    for path, axes in _levels(image):
        pixels = read_image(path, axes=axes).frames
        if _extent(pixels) == _extent(labels_read):
            return path, axes
        shapes.append(f"{path.name}: {pixels!r}")
    raise ImageError(
        f"{labels} has the shape {labels_read!r}, which no level of its image has: "
        f"{'; '.join(shapes)}."
    )


def _extent(frames: Frames) -> dict[str, int]:
    """Return the length of each axis, without channels and axes of length 1."""
    sizes = {a: n for a, n in frames.sizes.items() if n > 1}
    return {**sizes, **dict(zip("yx", frames.plane_shape, strict=True))}


def _planes_with_objects(labels_read: Frames) -> Iterator[int]:
    """Yield the planes with objects, reading the labels chunk by chunk."""
    data = cast("ChunkedArray", labels_read.data)  # of zarr
    found = np.zeros(tuple(labels_read.sizes.values()), bool)
    within = tuple(i for i, a in enumerate(labels_read.axes) if a in "yxc")
    steps = (range(0, n, c) for n, c in zip(data.shape, data.chunks, strict=True))
    for start in product(*steps):
        block = tuple(slice(i, i + c) for i, c in zip(start, data.chunks, strict=True))
        along = tuple(
            b for b, a in zip(block, labels_read.axes, strict=True) if a not in "yxc"
        )
        found[along] |= np.asarray(data[block]).any(within)
    return (int(plane) for plane in np.flatnonzero(found))
