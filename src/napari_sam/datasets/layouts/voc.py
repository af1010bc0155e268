"""Pascal VOC: ``Annotations/a.xml`` with ``JPEGImages/a.jpg`` and pictures of masks."""

from __future__ import annotations

import logging
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import normalize

import numpy as np

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.datasets.ground_truth.mask_truth import MaskTruth
from napari_sam.datasets.image_files import first_few, images_in
from napari_sam.datasets.image_sources import ImageFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io.images import read_label_image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "VOID", "is_list", "matches", "read"]

logger = logging.getLogger(__name__)

DESCRIPTION = "Annotations/NAME.xml with JPEGImages/NAME.jpg (Pascal VOC)"

#: What is at the rim of objects and belongs to none, in pictures of a palette.
VOID = 255
_SUBSETS = ("train", "val", "test")


class _Object(NamedTuple):
    """An object of an XML file: its number, class and box."""

    number: int
    category: str
    box: Region


def matches(root: Path) -> bool:
    """Whether a folder holds annotations and images of Pascal VOC."""
    return any((root / "Annotations").glob("[!.]*.xml")) and _images(root).is_dir()


def is_list(path: Path) -> bool:
    """Whether a file is a list of images, such as ``ImageSets/Main/train.txt``."""
    return path.suffix == ".txt" and path.parent.parent.name == "ImageSets"


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images that have annotations, or those of a list of ``ImageSets``.

    Raises
    ------
    MissingFileError
        If there are no annotations, or an image of one is missing.
    """
    top = root.parents[2] if root.is_file() else root
    files = sorted((top / "Annotations").glob("[!.]*.xml"))
    annotated = {normalize("NFC", p.stem): p for p in files}
    images = images_in(_images(top)) if _images(top).is_dir() else {}
    subsets = (
        _subsets(top) if root.is_dir() else dict.fromkeys(_listed(root), root.stem)
    )
    chosen = subsets if root.is_file() else annotated
    lacking = [s for s in chosen if s not in images or s not in annotated]
    if lacking or not chosen:
        raise MissingFileError(
            f"{top} has no image or no annotation of {first_few(lacking)}."
            if lacking
            else f"There is nothing to read in {root}; expected {DESCRIPTION}."
        )
    if not (top / "SegmentationObject").is_dir():
        logger.warning("%s holds boxes: each of them is a mask.", top)
    return [
        LabelledImage(
            stem,
            subsets.get(stem, top.name),
            ImageFile(images[stem], cache),
            _Objects(annotated[stem], cache),
            files=(str(images[stem]), str(annotated[stem])),
        )
        for stem in chosen
    ]


def _images(root: Path) -> Path:
    usual = root / "JPEGImages"
    return usual if usual.is_dir() else root / "images"


def _listed(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [normalize("NFC", line.strip()) for line in lines if line.strip()]


def _subsets(root: Path) -> dict[str, str]:
    """Return the subset of each image, if there are several."""
    lists = {s: root / "ImageSets" / "Main" / f"{s}.txt" for s in _SUBSETS}
    there = {s: _listed(p) for s, p in lists.items() if p.is_file()}
    if len(there) < 2:
        return {}
    return {stem: subset for subset, stems in there.items() for stem in stems}


@dataclass(frozen=True, slots=True)
class _Objects:
    """The objects of one XML file, read as ground truth when called."""

    path: Path
    cache: ReadCache

    def __call__(self) -> MaskTruth:
        return self.cache.get(("masks", self.path), self._read, lambda t: t.nbytes)

    def _read(self) -> MaskTruth:
        shape, objects = _parsed(self.path)
        folder = self.path.parents[1] / "SegmentationObject"
        picture = folder / f"{self.path.stem}.png"
        if picture.is_file():
            numbers = _indices(picture, shape)
            masks = {
                o.number: _mask(numbers, k) for k, o in enumerate(objects, start=1)
            }
            covered = [n for n, mask in masks.items() if not mask]
            if covered:
                logger.warning("%s: no pixel of %s.", picture, first_few(covered))
        else:
            masks = {o.number: _rectangle(o.box) for o in objects}
        return MaskTruth(shape, masks, {o.number: o.category for o in objects})


def _indices(picture: Path, shape: tuple[int, int]) -> NDArray[np.generic]:
    pixels = read_label_image(picture).frames[0]
    if pixels.shape != shape:
        raise ImageError(
            f"{picture} has the shape {pixels.shape}; its image has {shape}."
        )
    return pixels


def _mask(numbers: NDArray[np.generic], k: int) -> Mask:
    """Return the pixels of the k-th object."""
    if k == VOID and numbers.dtype == np.uint8:
        return Mask.empty()
    return Mask.from_array(numbers == k)


def _rectangle(box: Region) -> Mask:
    return Mask.from_array(np.ones(box.shape, bool), top=box.top, left=box.left)


def _parsed(path: Path) -> tuple[tuple[int, int], list[_Object]]:
    try:
        tree = ET.parse(path).getroot()
        shape = int(_text(tree, "size/height")), int(_text(tree, "size/width"))
        found = [
            (_text(o, "name"), o.findtext("label"), _box(o))
            for o in tree.iter("object")
        ]
        numbers = [int(label) if label else 0 for _, label, _ in found]
    except (ET.ParseError, ValueError, OSError) as wrong:
        raise ImageError(f"{path} is no annotation of Pascal VOC: {wrong}.") from None
    own = min(numbers, default=0) > 0 and len(set(numbers)) == len(numbers)
    return shape, [
        _Object(numbers[i] if own else i + 1, name, box)
        for i, (name, _, box) in enumerate(found)
    ]


def _text(element: ET.Element, name: str) -> str:
    found = element.findtext(name)
    if not found:
        raise ValueError(f"{name} is missing")
    return found.strip()


def _box(element: ET.Element) -> Region:
    """Return a box; VOC counts from 1, and has the last row and column in it."""
    left, top, right, bottom = (
        round(float(_text(element, f"bndbox/{n}")))
        for n in ("xmin", "ymin", "xmax", "ymax")
    )
    return Region(top - 1, left - 1, bottom, right)
