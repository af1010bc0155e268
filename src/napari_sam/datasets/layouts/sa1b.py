"""SA-1B: ``sa_1.jpg`` with ``sa_1.json``, a list of masks in COCO's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.ground_truth.coco_masks import RleTruth
from napari_sam.datasets.image_files import first_few, images_in, read_json
from napari_sam.datasets.image_sources import ImageFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.datasets.layouts.labelme import is_labelme

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "matches", "read"]

DESCRIPTION = "NAME.jpg with NAME.json (SA-1B)"


def matches(root: Path) -> bool:
    """Whether a folder holds an image and a JSON file of the same name."""
    files = _json_files(root)
    if any(is_labelme(path) for path in list(files.values())[:1]):
        return False
    stems = files.keys()
    return any(
        normalize("NFC", p.stem) in stems
        for p in root.iterdir()
        if p.suffix.lower() in (".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp")
    )


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images, each with its JSON file; no file is opened.

    Raises
    ------
    MissingFileError
        If an image has no JSON file, or the reverse.
    ImageError
        If two images have the same name.
    """
    images, json_files = images_in(root), _json_files(root)
    unpaired = [p.name for s, p in images.items() if s not in json_files]
    unpaired += [p.name for s, p in json_files.items() if s not in images]
    if unpaired or not images:
        raise MissingFileError(
            f"{root} holds {len(images)} images and {len(json_files)} JSON files; "
            f"expected {DESCRIPTION}."
            + (f" Without the other: {first_few(unpaired)}." if unpaired else "")
        )
    return [
        LabelledImage(
            stem,
            root.name,
            ImageFile(path, cache),
            _Masks(json_files[stem], cache),
            files=(str(path), str(json_files[stem])),
        )
        for stem, path in images.items()
    ]


def _json_files(root: Path) -> dict[str, Path]:
    files = sorted(root.glob("[!.]*.json"))
    return {normalize("NFC", p.stem): p for p in files}


@dataclass(frozen=True, slots=True)
class _Masks:
    """The masks of one JSON file, read when called."""

    path: Path
    cache: ReadCache

    def __call__(self) -> RleTruth:
        return self.cache.get(("masks", self.path), self._read, lambda t: t.nbytes)

    def _read(self) -> RleTruth:
        found = read_json(self.path)
        try:
            size = found["image"]["height"], found["image"]["width"]
            segmentations = [a["segmentation"] for a in found["annotations"]]
        except (KeyError, TypeError, IndexError):
            raise ImageError(_not_sa1b(self.path, found)) from None
        return RleTruth(
            size, dict(enumerate(segmentations, start=1)), where=str(self.path)
        )


def _not_sa1b(path: Path, found: object) -> str:
    keys = (
        first_few(list(found), 6) if isinstance(found, dict) else type(found).__name__
    )
    return (
        f"{path} is not in the form of SA-1B: it holds {keys}; expected "
        '{"image": {"height", "width"}, "annotations": [{"segmentation"}, ...]}.'
    )
