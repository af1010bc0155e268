"""Reading of images with ground truth, in any of the known layouts."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.image_files import first_few
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.datasets.layouts import coco, ctc, folders, ome, sa1b
from napari_sam.datasets.read_cache import ReadCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

__all__ = ["LAYOUTS", "LabelledImage", "read_labelled_images"]

#: Readers of the layouts, by name.
LAYOUTS: Mapping[str, Callable[[Path, ReadCache], list[LabelledImage]]] = (
    MappingProxyType({
    "labels": folders.read,
    "masks": folders.read_side_by_side,
    "sa-1b": sa1b.read,
    "coco": coco.read,
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
        A folder, an OME-Zarr, or the JSON file of a COCO data set. Where there are
        several truths, the path of one: ``image.zarr/labels/NAME`` or ``01_GT/TRA``.
    layout
        How the files lie: ``labels``, ``masks``, ``sa-1b``, ``coco``, ``ctc``,
        ``ctc-st``, ``ctc-tra`` or ``ome-zarr``; ``auto`` detects it.
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
    if layout == "auto":
        layout = _detected_layout(root)
    if layout not in LAYOUTS:
        raise ImageError(
            f"layout={layout!r} is not known; expected auto, {', '.join(LAYOUTS)}."
        )
    if root.is_file() and layout != "coco":
        raise ImageError(f"{root} is a file; the layout {layout} is one of folders.")
    return LAYOUTS[layout](root, ReadCache(memory))


def _detected_layout(root: Path) -> str:
    """Return the name of the one layout that fits."""
    recognised = _RECOGNISED if root.is_dir() else {"coco": _RECOGNISED["coco"]}
    fitting = [name for name, (matches, _) in recognised.items() if matches(root)]
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
