"""Cell Tracking Challenge: ``01/t000.tif`` with ``01_GT/SEG/man_seg000.tif``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.image_files import first_few, stack_sizes
from napari_sam.datasets.image_sources import ImageFile, LabelFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io.images import read_label_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "matches", "read", "read_silver", "read_tracks"]

DESCRIPTION = "01/ with 01_GT/ or 01_ST/ (Cell Tracking Challenge)"

_MASK = re.compile(r"man_(?:seg|track)_?(\d+)(?:_(\d+))?")


def matches(root: Path) -> bool:
    """Whether a folder holds sequences with ground truth, or is a folder of masks."""
    return bool(_sequences(root)) or _named_masks(root) is not None


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images with segmentation: gold truth, or else silver truth.

    A folder of masks, such as ``01_GT/TRA``, is read as it is.

    Raises
    ------
    MissingFileError
        If there are no masks, or masks without their image.
    """
    named = _named_masks(root)
    if named is not None:
        sequence, folder = named
        masks = _masks(sequence, (folder,))
        return list(_labelled_images(sequence.parent.name, sequence, masks, cache))
    return _read_folders(root, cache, ("GT/SEG", "ST/SEG"))


def read_silver(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images with silver truth, on which other algorithms agreed."""
    return _read_folders(root, cache, ("ST/SEG",))


def read_tracks(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images with tracking markers, read as masks."""
    return _read_folders(root, cache, ("GT/TRA",))


def _sequences(root: Path) -> list[Path]:
    return [
        p
        for p in sorted(root.iterdir())
        if p.name.isdigit() and p.is_dir() and _truths(p)
    ]


def _truths(sequence: Path) -> list[Path]:
    siblings = (sequence.with_name(f"{sequence.name}_{kind}") for kind in ("GT", "ST"))
    return [p for p in siblings if p.is_dir()]


def _named_masks(root: Path) -> tuple[Path, str] | None:
    """Return sequence and folder of masks, if the path names them."""
    match = re.fullmatch(r"(\d+)_(GT|ST)", root.parent.name)
    if match is None or not any(_MASK.fullmatch(p.stem) for p in root.glob("*.tif")):
        return None
    return root.parents[1] / match[1], f"{match[2]}/{root.name}"


def _read_folders(
    root: Path, cache: ReadCache, folders: tuple[str, ...]
) -> list[LabelledImage]:
    found_images = []
    for sequence in _sequences(root):
        masks = _masks(sequence, folders)
        if masks:
            found_images += list(_labelled_images(root.name, sequence, masks, cache))
    if found_images:
        return found_images
    tracks = any(_masks(s, ("GT/TRA",)) for s in _sequences(root))
    raise MissingFileError(
        f"{root} holds no masks in {' or '.join(f'01_{f}' for f in folders)}."
        + (
            " 01_GT/TRA holds tracking markers, which are smaller than the cells in "
            "many data sets. If here they are whole cells, give the path of that "
            'folder, or layout="ctc-tra".'
            if tracks and folders != ("GT/TRA",)
            else f" Expected {DESCRIPTION}."
        )
    )


def _masks(
    sequence: Path, folders: tuple[str, ...]
) -> list[tuple[re.Match[str], Path]]:
    """Return the mask files of the first folder that has any."""
    for folder in folders:
        where = sequence.parent / f"{sequence.name}_{folder}"
        found = [
            (match, path)
            for path in sorted(where.glob("*.tif"))
            if (match := _MASK.fullmatch(path.stem))
        ]
        if found:
            return found
    return []


def _labelled_images(
    kind: str, sequence: Path, masks: list[tuple[re.Match[str], Path]], cache: ReadCache
) -> Iterator[LabelledImage]:
    images = {p.stem: p for p in sequence.glob("t*.tif")}
    without = [path.name for m, path in masks if f"t{m[1]}" not in images]
    if without:
        raise MissingFileError(
            f"{sequence} has no image t000.tif for {first_few(without)} "
            f"({len(without)} of {len(masks)} masks)."
        )
    for match, path in masks:
        image = images[f"t{match[1]}"]
        name = f"{sequence.name}/{image.stem}"
        sizes, _, _ = stack_sizes(image, channels="S")  # C is z here
        if len(sizes) != 1:  # a plane, or an error of the reader
            yield _labelled_image(name, kind, image, path, cache)
        elif match[2]:  # the mask of one slice
            yield _labelled_image(
                name, kind, image, path, cache, z=int(match[2]), sliced=True
            )
        else:
            volume = read_label_image(path, axes="zyx").frames
            if len(volume) != sizes[0]:
                raise ImageError(
                    f"{path} has {len(volume)} slices, but {image} has {sizes[0]}; "
                    "expected as many."
                )
            for z in (z for z in range(len(volume)) if volume[z].any()):
                yield _labelled_image(name, kind, image, path, cache, z=z)


def _labelled_image(
    name: str,
    kind: str,
    image: Path,
    masks: Path,
    cache: ReadCache,
    *,
    z: int | None = None,
    sliced: bool = False,
) -> LabelledImage:
    at = "" if z is None else f"[z={z}]"
    axes = None if z is None else "zyx"
    truth = LabelFile(masks, cache) if sliced else LabelFile(masks, cache, axes, z)
    files = f"{image}{at}", f"{masks}{'' if sliced else at}"
    return LabelledImage(
        name + at, kind, ImageFile(image, cache, axes, z), truth, files=files
    )
