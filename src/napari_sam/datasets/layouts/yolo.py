"""YOLO: ``images/a.png`` with ``labels/a.txt``, and the classes in ``data.yaml``."""

from __future__ import annotations

import ast
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.ground_truth.mask_truth import MaskTruth
from napari_sam.datasets.image_files import first_few, images_in, may_be_image
from napari_sam.datasets.image_sources import ImageFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io.polygon_masks import mask_of_rings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "matches", "read"]

logger = logging.getLogger(__name__)

DESCRIPTION = "images/NAME.png with labels/NAME.txt (YOLO)"

_KEY = re.compile(r"^(names|train|val|test|path):\s*(.*?)\s*$")
_NAME = re.compile(r"^\s+(?:-|(\d+)\s*:)\s*(.*?)\s*$")
_SUBSETS = ("train", "val", "test")


def matches(root: Path) -> bool:
    """Whether a folder holds images and text files with their objects."""
    return bool(_image_folders(root))


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images; one without a text file has no objects, as YOLO has it.

    Raises
    ------
    MissingFileError
        If there are no images.
    ImageError
        If two images have the same name.
    """
    folders = _image_folders(root)
    names = _class_names(root)
    if any(_is_of_boxes(_labels_of(folder)) for folder in folders):
        logger.warning("%s holds boxes: each of them is a mask.", root)
    found = [
        LabelledImage(
            stem,
            root.name if len(folders) == 1 else subset,
            ImageFile(path, cache),
            _Objects(text := _labels_of(folder) / f"{stem}.txt", path, names, cache),
            files=(str(path), str(text)),
        )
        for folder, subset in folders.items()
        for stem, path in images_in(folder).items()
    ]
    if not found:
        raise MissingFileError(
            f"There is nothing to read in {root}; expected {DESCRIPTION}."
        )
    return found


def _image_folders(root: Path) -> dict[Path, str]:
    """Return the folders of images that have one of text files, and their subsets."""
    if root.is_file():
        return {}
    listed = _settings(root).items()
    base = str(_plain(_settings(root).get("path", "")))
    named = [
        (folder, key)
        for key, value in listed
        if key in _SUBSETS
        for folder in _candidates(root, base, value)
    ]
    usual = [(root / "images", root.name), (root, root.name)]
    usual += [(root / "images" / s, s) for s in _SUBSETS]
    usual += [(root / s / "images", s) for s in _SUBSETS]
    found: dict[Path, str] = {}
    for folder, subset in named or usual:
        if folder.is_dir() and _has_texts(_labels_of(folder), folder):
            found.setdefault(folder.resolve(), subset)
    return found


def _candidates(root: Path, base: str, value: str) -> Iterator[Path]:
    """Yield where a folder of the YAML file may be: other programs move the file."""
    text = str(_plain(value))
    for name in (f"{base}/{text}" if base else text, text, text.removeprefix("../")):
        if text and (root / name).is_dir():
            yield root / name
            return


def _labels_of(folder: Path) -> Path:
    """Return the folder of text files: the last ``images`` in the path is replaced."""
    parts = list(folder.parts)
    if "images" not in parts:
        return folder
    last = len(parts) - 1 - parts[::-1].index("images")
    parts[last] = "labels"
    return type(folder)(*parts)


def _has_texts(folder: Path, images: Path) -> bool:
    """Whether a folder holds texts of objects; of images, if they lie among these."""
    texts = sorted(folder.glob("[!.]*.txt")) if folder.is_dir() else []
    if folder == images:
        stems = {p.stem for p in folder.iterdir() if may_be_image(p)}
        texts = [p for p in texts if p.stem in stems]
    return any(p.name != "classes.txt" and _is_objects(p) for p in texts)


def _is_of_boxes(folder: Path) -> bool:
    """Whether the first text with objects begins with a box."""
    for path in sorted(folder.glob("[!.]*.txt")):
        with path.open("rb") as file:
            words = file.readline(2000).split()
        if words and _is_objects(path):
            return len(words) == 5
    return False


def _is_objects(path: Path) -> bool:
    """Whether the first line of a text is of numbers, or there is none."""
    with path.open("rb") as file:
        words = file.readline(2000).split()
    try:
        return all(np.isfinite(float(word)) for word in words[:5])
    except ValueError:
        return False


def _settings(root: Path) -> dict[str, str]:
    """Return the keys of the YAML file that matter, each with its text."""
    paths = [*sorted(root.glob("[!.]*.yaml")), *sorted(root.glob("[!.]*.yml"))]
    found: dict[str, str] = {}
    key = ""
    for path in paths[:1]:
        text = path.read_text(encoding="utf-8-sig", errors="replace")
        for line in text.splitlines():
            if match := _KEY.match(line):
                key = match[1]
                found[key] = match[2]
            elif line[:1] in (" ", "-", "\t", "#", "") and key:
                found[key] += f"\n{' ' if line[:1] == '-' else ''}{line}"
            else:
                key = ""
    return found


def _class_names(root: Path) -> dict[int, str]:
    """Return the names of classes: of the YAML file, or of ``classes.txt``."""
    text = _settings(root).get("names", "")
    if text.strip():
        return _flow_names(text) or _block_names(text)
    for path in (root / "classes.txt", root / "labels" / "classes.txt"):
        if path.is_file():
            lines = path.read_text(encoding="utf-8-sig").splitlines()
            return {i: line.strip() for i, line in enumerate(lines) if line.strip()}
    return {}


def _flow_names(text: str) -> dict[int, str]:
    """Read ``[a, "b"]`` or ``{0: a, 1: b}``."""
    inner = " ".join(text.split())
    if inner[:1] not in ("[", "{"):
        return {}
    words = re.findall(r"""\s*(?:(\d+)\s*:\s*)?("[^"]*"|'[^']*'|[^,\[\]{}]+)""", inner)
    names = [(number, str(_plain(word))) for number, word in words if word.strip()]
    return {int(n) if n else i: name for i, (n, name) in enumerate(names)}


def _block_names(text: str) -> dict[int, str]:
    """Read a line for each name, ``- a`` or ``0: a``."""
    lines = [m for line in text.splitlines() if (m := _NAME.match(line))]
    return {int(m[1]) if m[1] else i: str(_plain(m[2])) for i, m in enumerate(lines)}


def _plain(word: str) -> object:
    """Return a word of YAML without quotes and comments."""
    word = word.strip()
    if word[:1] in ("'", '"'):
        try:
            return ast.literal_eval(word)
        except (SyntaxError, ValueError):
            return word
    return word.split(" #")[0].strip()


@dataclass(frozen=True, slots=True)
class _Objects:
    """The objects of one text file, painted when called."""

    path: Path
    image: Path
    names: Mapping[int, str]
    cache: ReadCache

    def __call__(self) -> MaskTruth:
        return self.cache.get(("masks", self.path), self._read, lambda t: t.nbytes)

    def _read(self) -> MaskTruth:
        shape = ImageFile(self.image, self.cache)().plane_shape
        if not self.path.is_file():
            return MaskTruth(shape, {})
        lines = self.path.read_text(encoding="utf-8-sig").splitlines()
        rows = [(n, _numbers(self.path, n, s)) for n, s in enumerate(lines, 1) if s]
        masks: dict[int, Mask] = {}
        classes: dict[int, str] = {}
        for number, (line, row) in enumerate(rows, start=1):
            masks[number] = mask_of_rings([_corners(row[1:], shape)], shape)
            kind = int(row[0])
            classes[number] = self.names.get(kind, str(kind))
            if not masks[number]:
                logger.warning("%s, line %d: no pixel is inside.", self.path, line)
        return MaskTruth(shape, masks, classes)


def _numbers(path: Path, line: int, text: str) -> list[float]:
    try:
        found = [float(word) for word in text.split()]
    except ValueError:
        found = []
    whole = bool(found) and found[0] >= 0 and found[0] == int(found[0])
    if not (whole and np.isfinite(found).all() and len(found) >= 5 and len(found) % 2):
        raise ImageError(
            f"{path}, line {line}: {first_few(text.split(), 6)}; expected the number "
            "of a class, and then x y width height, or at least three corners x y ..."
        )
    if not all(-1 <= v <= 2 for v in found[1:]):
        raise ImageError(
            f"{path}, line {line}: places of YOLO are shares of the image, from 0 to "
            f"1; there is {max(found[1:], key=abs):g}."
        )
    return found


def _corners(row: list[float], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return corners as ``(row, col)`` in pixels: of a polygon, or of a box."""
    if len(row) == 4:
        x, y, wide, high = row
        left, right, top, bottom = (
            x - wide / 2,
            x + wide / 2,
            y - high / 2,
            y + high / 2,
        )
        row = [left, top, right, top, right, bottom, left, bottom]
    return np.array(row).reshape(-1, 2)[:, ::-1] * shape
