"""Reading of images with ground truth, in any of the known layouts."""

from __future__ import annotations

import logging
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.image_files import first_few
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.datasets.layouts import (
    coco,
    ctc,
    folders,
    labelme,
    ome,
    sa1b,
    voc,
    yolo,
)
from napari_sam.datasets.read_cache import ReadCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

logger = logging.getLogger(__name__)

__all__ = ["LAYOUTS", "LabelledImage", "read_labelled_images"]

#: Readers of the layouts, by name.
LAYOUTS: Mapping[str, Callable[[Path, ReadCache], list[LabelledImage]]] = (
    MappingProxyType({
    "labels": folders.read,
    "masks": folders.read_side_by_side,
    "sa-1b": sa1b.read,
    "coco": coco.read,
    "yolo": yolo.read,
    "voc": voc.read,
    "labelme": labelme.read,
    "ctc": ctc.read,
    "ctc-st": ctc.read_silver,
    "ctc-tra": ctc.read_tracks,
    "ome-zarr": ome.read,
}))  # fmt: skip

#: How each layout is recognised, and its description.
_RECOGNISED: Mapping[str, tuple[Callable[[Path], bool], str]] = MappingProxyType({
    "labels": (folders.matches, folders.LABELS),
    "masks": (folders.matches_side_by_side, folders.MASKS),
    "sa-1b": (sa1b.matches, sa1b.DESCRIPTION),
    "coco": (coco.matches, coco.DESCRIPTION),
    "yolo": (yolo.matches, yolo.DESCRIPTION),
    "voc": (voc.matches, voc.DESCRIPTION),
    "labelme": (labelme.matches, labelme.DESCRIPTION),
    "ctc": (ctc.matches, ctc.DESCRIPTION),
    "ome-zarr": (ome.matches, ome.DESCRIPTION),
})  # fmt: skip


def read_labelled_images(
    root: str | Path, *, layout: str = "auto", memory: int = 2**29
) -> Sequence[LabelledImage]:
    """Return the images of a data set, each with its ground truth.

    File names are read now, pixels and masks when they are used; see
    `check_labelled_images` to check all of them before a long run.

    Parameters
    ----------
    root
        A folder, an OME-Zarr, the JSON file of a COCO data set, or a list of images of
        Pascal VOC. Where there are several truths, the path of one:
        ``image.zarr/labels/NAME`` or ``01_GT/TRA``. A folder whose folders are such
        data sets is all of them, each a `kind` of its own.
    layout
        How the files lie: ``labels``, ``masks``, ``sa-1b``, ``coco``, ``yolo``,
        ``voc``, ``labelme``, ``ctc``, ``ctc-st``, ``ctc-tra`` or ``ome-zarr``; ``auto``
        detects it.
    memory
        Bytes of images and masks to cache, the latest first. A smaller data set is
        read once.

    Raises
    ------
    MissingFileError
        If there is nothing of a known layout, or a file has no counterpart.
    ImageError
        If several layouts fit, or a file that lists others cannot be used.
    """
    root = Path(root).absolute()
    if not root.exists():
        raise MissingFileError(f"{root} does not exist.")
    if layout not in ("auto", *LAYOUTS):
        raise ImageError(
            f"layout={layout!r} is not known; expected auto, {', '.join(LAYOUTS)}."
        )
    cache = ReadCache(memory)
    if layout == "auto":
        fitting = _fitting_layouts(root)
        several = {} if fitting else _data_sets_in(root)
        if several:
            return [
                image
                for folder, name in several.items()
                for image in LAYOUTS[name](folder, cache)
            ]
        layout = _the_one(root, fitting)
    if root.is_file() and layout not in ("coco", "voc"):
        raise ImageError(f"{root} is a file; the layout {layout} is one of folders.")
    return LAYOUTS[layout](root, cache)


def _fitting_layouts(root: Path) -> list[str]:
    """Return the names of the layouts that fit."""
    if root.is_file():
        if voc.is_list(root):
            return ["voc"]
        return ["coco"] if coco.matches(root) else []
    return [name for name, (matches, _) in _RECOGNISED.items() if matches(root)]


def _data_sets_in(root: Path) -> dict[Path, str]:
    """Return the folders of a folder that are data sets, each with its layout."""
    if not root.is_dir():
        return {}
    folders = [p for p in sorted(root.iterdir()) if p.is_dir() and p.name[0] != "."]
    fitting = {p: found for p in folders if (found := _fitting_layouts(p))}
    left = [p.name for p in folders if p not in fitting]
    if fitting and left:
        logger.warning(
            "%s: left out %s, in which there is no data set.", root, first_few(left)
        )
    return {p: _the_one(p, found) for p, found in fitting.items()}


def _the_one(root: Path, fitting: Sequence[str]) -> str:
    """Return the name of the one layout that fits."""
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise ImageError(
            f"{root} fits {len(fitting)} layouts: {', '.join(fitting)}. Choose "
            f'one, as layout="{fitting[0]}".'
        )
    raise MissingFileError(
        f"{root} is not a folder of images with ground truth. It holds "
        f"{_content(root)}. Looked for "
        + "; ".join(description for _, description in _RECOGNISED.values())
        + "."
    )


def _content(root: Path) -> str:
    if root.is_file():
        return "no JSON"
    names = sorted(p.name + "/" * p.is_dir() for p in root.iterdir())
    return first_few(names, 5) or "nothing"
