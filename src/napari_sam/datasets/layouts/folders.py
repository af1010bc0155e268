"""Images and label images: in two folders, or side by side under related names."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.image_files import (
    first_few,
    images_in,
    may_be_image,
    stack_sizes,
)
from napari_sam.datasets.image_sources import ImageFile, LabelFile
from napari_sam.datasets.labelled_image import LabelledImage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam.datasets.read_cache import ReadCache

__all__ = [
    "LABELS",
    "MASKS",
    "matches",
    "matches_side_by_side",
    "read",
    "read_side_by_side",
]

LABELS = "images/NAME.tif with labels/NAME.tif or masks/NAME.tif"
MASKS = "NAME.tif or NAME_img.tif with NAME_masks.tif, or image.tif with labels.tif"

_FOLDERS = ("labels", "masks")
_MASKS = re.compile(r"(.+?)(?:_cp)?_masks?|labels")


def matches(root: Path) -> bool:
    """Whether a folder holds ``images`` and ``labels`` or ``masks``.

    Text files for labels are of another layout, YOLO's.
    """
    there = [root / f for f in _FOLDERS if (root / f).is_dir()]
    if not (root / "images").is_dir() or not there:
        return False
    return not any(p.suffix == ".txt" for p in there[0].rglob("*.txt")) or any(
        may_be_image(p) for p in there[0].iterdir()
    )


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images of one folder with the label images of another.

    Raises
    ------
    MissingFileError
        If a folder is not there or empty, or an image has no labels.
    ImageError
        If two files have the same name.
    """
    folders = [root / f for f in _FOLDERS if (root / f).is_dir()]
    if not (root / "images").is_dir() or not folders:
        raise MissingFileError(f"{root} does not hold images/ and labels/ (or masks/).")
    if len(folders) > 1:
        raise ImageError(f"{root} holds both labels/ and masks/. Keep one.")
    images, labels = images_in(root / "images"), images_in(folders[0])
    if not images:
        raise MissingFileError(f"{root / 'images'} holds no images.")
    without = [p for stem, p in images.items() if stem not in labels]
    if without:
        raise MissingFileError(
            f"{first_few(without)} has no labels of the same name in {folders[0]} "
            f"({len(without)} of {len(images)} images)."
        )
    return [
        image
        for stem, path in images.items()
        for image in _labelled_images(stem, root.name, path, labels[stem], cache)
    ]


def matches_side_by_side(root: Path) -> bool:
    """Whether a folder holds label images ``NAME_masks.*`` or ``labels.*``."""
    return any(_MASKS.fullmatch(p.stem) and may_be_image(p) for p in root.iterdir())


def read_side_by_side(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images of one folder, each with the label image of a related name.

    Raises
    ------
    MissingFileError
        If there are no masks, or masks without their image.
    ImageError
        If two files have the same name.
    """
    files = images_in(root)
    matches = {stem: _MASKS.fullmatch(stem) for stem in files}
    masks = {m[1] or "image": files[stem] for stem, m in matches.items() if m}
    images = {s: files.get(s, files.get(f"{s}_img")) for s in masks}
    without = [masks[s].name for s, path in images.items() if path is None]
    if not masks or without:
        raise MissingFileError(
            f"{root} has no image for {first_few(without)}; expected {MASKS}."
            if without
            else f"There is nothing to read in {root}; expected {MASKS}."
        )
    return [
        image
        for stem, path in images.items()
        if path is not None
        for image in _labelled_images(stem, root.name, path, masks[stem], cache)
    ]


def _labelled_images(
    name: str, kind: str, image: Path, labels: Path, cache: ReadCache
) -> Iterator[LabelledImage]:
    """Yield a labelled image for each plane; only headers of TIFFs are read."""
    files = str(image), str(labels)
    sizes, letters, has_axes = stack_sizes(image)
    label_sizes = stack_sizes(labels) if sizes else ((), "", True)
    if not sizes or label_sizes[0] != sizes:
        yield LabelledImage(
            name, kind, ImageFile(image, cache), LabelFile(labels, cache), files=files
        )
        return
    # Labels have no channels: what their shape shares with the image's are planes.
    if not has_axes:
        letters = label_sizes[1]
    axes = letters + "yx"
    for plane, at in enumerate(product(*map(range, sizes))):
        where = ",".join(f"{a}={i}" for a, i in zip(letters, at, strict=True))
        yield LabelledImage(
            f"{name}[{where}]",
            kind,
            ImageFile(image, cache, None if has_axes else axes, plane),
            LabelFile(labels, cache, None if label_sizes[2] else axes, plane),
            files=(f"{files[0]}[{where}]", f"{files[1]}[{where}]"),
        )
