"""The readers of napari's plugin: images as they lie, their labels, and prompts."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import AxesError, ImageError, NotAnImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import napari.viewer

    from napari_sam.apps.dock.samples import LayerData
    from napari_sam.io import Image
    from napari_sam.io.readers.image import ImagePart

    Paths = str | Sequence[str]
    Reader = Callable[[Paths], list[LayerData]]

#: Axes by which pixels are read that nobody has named; only their number counts.
_UNNAMED = ("zyx", "tzyx", "tzcyx")


def image_reader(path: Paths) -> Reader | None:
    """Return what reads an image, or None for several: napari stacks those."""
    return read_image_file if isinstance(path, str) else None


def prompts_reader(path: Paths) -> Reader | None:
    """Return what reads prompts, or None if there are none in this file."""
    if not isinstance(path, str) or not _may_hold_prompts(Path(path)):
        return None
    return read_prompts_file


def read_image_file(path: Paths, part: ImagePart | None = None) -> list[LayerData]:
    """Return layers for an image, and for the labels in it.

    Parameters
    ----------
    path
        Anything that `read_image` opens, labels in an OME-Zarr, or all of its labels.
    part
        Which image of the file; by default the largest, and others are mentioned.

    Raises
    ------
    NapariSamError
        If it cannot be read; the message says what to do.
    """
    from napari_sam.apps.dock.image_file import image_layers, labels_layer
    from napari_sam.io import read_image
    from napari_sam.io.images import read_part

    place = _one(path)
    labels = _labels_in(place)
    image: Image | None = None
    if part is None:
        part = _first_part(place)
    try:
        image = read_part(place, part)
    except AxesError as wrong:
        return _unnamed(place, wrong)
    except NotAnImageError:
        if not labels:
            raise
    found: list[LayerData] = []
    if image is not None and _is_labels(image, place):
        found.append(labels_layer(image, _name(place)))
    elif image is not None:
        found += image_layers(image, _name(place))
    for one in labels:
        found.append(labels_layer(read_image(one), one.name, image))
    return found


def read_prompts_file(path: Paths) -> list[LayerData]:
    """Return layers for prompts, on the image that is open."""
    from napari_sam.apps.dock.prompts_file import read_prompt_layers

    return read_prompt_layers(_one(path))


def open_image(viewer: napari.viewer.Viewer) -> None:
    """Ask for an image, and show it with its axes and the sizes of its pixels.

    napari opens a TIFF itself, but not where on earth it lies, nor its coarser levels.
    """
    from qtpy.QtWidgets import QFileDialog

    path, _ = QFileDialog.getOpenFileName(None, "Open image with its coordinates")
    if path:
        part = choose_part(path)
        if part is not None:
            add_image(viewer, path, part)


def choose_part(path: str | Path) -> ImagePart | None:
    """Ask which of several images of a file is opened; None if none of them."""
    from napari_sam.apps.dock.image_series import parts_of
    from napari_sam.io.readers.image import ImagePart

    parts = parts_of(path)
    if len(parts) < 2:
        return ImagePart()
    from qtpy.QtWidgets import QInputDialog

    name, accepted = QInputDialog.getItem(
        None,
        "Open image",
        "There are several images. Which one?",
        list(parts),
        0,
        False,
    )
    return parts[name] if accepted else None


def add_image(
    viewer: Any, path: str | Path, part: ImagePart | None = None
) -> list[Any]:
    """Add the layers of an image, and of the labels in it, to a viewer; return them."""
    from napari.layers import Layer

    layers = [Layer.create(*one) for one in read_image_file(str(path), part)]
    return [viewer.add_layer(layer) for layer in layers]


def _first_part(path: Path) -> ImagePart:
    """Return the largest image of a file, and say it if there are others."""
    from napari_sam.apps.dock.image_series import notice_of
    from napari_sam.io.readers.image import ImagePart

    notice = notice_of(path)
    if notice:
        from napari.utils.notifications import show_info

        show_info(notice)
    return ImagePart()


def _unnamed(path: Path, wrong: AxesError) -> list[LayerData]:
    """Return layers without names of axes, as napari itself shows such a file."""
    from napari_sam.apps.dock.image_file import image_layers
    from napari_sam.io import read_image

    for axes in _UNNAMED:
        try:
            image = read_image(path, axes=axes)
        except AxesError:
            continue
        found = image_layers(image, _name(path))
        for _, keywords, _ in found:
            del keywords["axis_labels"], keywords["metadata"]
        return found
    raise wrong


def _one(path: Paths) -> Path:
    if not isinstance(path, str | Path):
        raise ImageError(f"Open one file after another: {', '.join(map(str, path))}.")
    return Path(path)


def _may_hold_prompts(path: Path) -> bool:
    """Whether the first line of a table is ours; other kinds are looked at later."""
    if path.suffix.lower() != ".csv":
        return True
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError):
        return False
    return "object" in [name.strip().lower() for name in header]


def _labels_in(path: Path) -> list[Path]:
    """Return labels in an OME-Zarr image, or in a folder of labels."""
    from napari_sam.io.readers.ome_zarr import is_zarr

    if not path.is_dir() or not is_zarr(path):
        return []
    folders = [path] if path.name == "labels" else []
    for folder in (*folders, path / "labels", path / "0" / "labels"):
        if folder.is_dir():
            return [p for p in sorted(folder.iterdir()) if p.is_dir() and is_zarr(p)]
    return []


def _is_labels(image: Image, path: Path) -> bool:
    """Whether a file says that it holds labels, or lies where labels do."""
    from napari_sam.apps.dock.image_file import is_labels
    from napari_sam.io.saved_labels import is_saved_labels

    return is_labels(image) or path.parent.name == "labels" or is_saved_labels(path)


def _name(path: Path) -> str:
    stem = path.name
    for end in (path.suffix, ".ome"):
        stem = stem.removesuffix(end)
    return stem or path.name
