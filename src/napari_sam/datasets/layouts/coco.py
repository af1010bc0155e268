"""COCO: one JSON file for many images, with polygons or run lengths."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NotRequired, Required, TypeAlias, TypedDict

from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.datasets.ground_truth.coco_masks import RleTruth
from napari_sam.datasets.image_files import first_few, read_json
from napari_sam.datasets.image_sources import ImageFile
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.datasets.listed_images import ListedImages
from napari_sam.io.file_names import parts_of
from napari_sam.io.run_lengths import in_a_list

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.json_values import JsonValue
    from napari_sam.datasets.read_cache import ReadCache

__all__ = ["DESCRIPTION", "matches", "read"]

logger = logging.getLogger(__name__)

DESCRIPTION = "a .json file with images and annotations (COCO), here or in annotations/"

#: Identifier of an image or a category in COCO.
CocoId: TypeAlias = "int | str"

#: Files of the parts of a split, as `export_dataset` writes them.
_PARTS = tuple(f"instances_{part}.json" for part in ("train", "val", "test"))

#: Bytes of a file that are read to detect COCO.
_GLANCE = 2**16


def matches(root: Path) -> bool:
    """Whether this is a JSON file, or there is one that may be COCO."""
    if root.is_file():
        return bool(_candidates(root))
    return any(_may_be_coco(path) for path in _candidates(root))


def read(root: Path, cache: ReadCache) -> list[LabelledImage]:
    """List the images that have annotations; the JSON file is read.

    Raises
    ------
    MissingFileError
        If there is no JSON file, or images it names are not there.
    ImageError
        If there are several JSON files that are not parts of one split, or it is not
        COCO.
    """
    return [one for path in _json_files(root) for one in _read_file(root, path, cache)]


def _read_file(root: Path, path: Path, cache: ReadCache) -> list[LabelledImage]:
    images, annotations, categories = _sections(path)
    masked = _by_image(path, images, annotations)
    where = ListedImages(path)
    found = {key: where.of(str(images[key]["file_name"])) for key in masked}
    _check_each_has_its_own(path, images, found)
    missing = [images[k]["file_name"] for k, file in found.items() if file is None]
    if missing:
        raise MissingFileError(
            f"{path} names {len(missing)} images that are not there: "
            f"{first_few(missing)}. Looked in "
            f"{', '.join(str(f) for f in where.folders)}."
        )
    kind = path.stem if root.is_file() else root.name
    return [
        LabelledImage(
            _name(str(images[key]["file_name"])),
            kind,
            ImageFile(file, cache),
            _Masks((path, key), _shape(path, images[key]), masks, categories, cache),
            files=(str(file), f"{path} (image {key})"),
        )
        for (key, masks), file in zip(masked.items(), found.values(), strict=True)
        if file is not None
    ]


def _name(listed: str) -> str:
    return str(PurePosixPath(*parts_of(listed)).with_suffix(""))


def _check_each_has_its_own(
    path: Path,
    images: Mapping[CocoId, CocoImage],
    found: Mapping[CocoId, Path | None],
) -> None:
    """Refuse a file that two images of other names were found to be."""
    names: dict[Path, str] = {}
    for key, file in found.items():
        name = str(images[key]["file_name"])
        if file is not None and names.setdefault(file, name) != name:
            raise ImageError(
                f"{path} names two images, {names[file]} and {name}, of which only "
                f"{file} is there."
            )


def _candidates(root: Path) -> list[Path]:
    """Return the JSON files that do not belong to a single image of the same name."""
    if root.is_file():
        return [root] if root.suffix.lower() == ".json" else []
    own = {p.stem for p in root.iterdir() if p.suffix.lower() != ".json"}
    here = [p for p in sorted(root.glob("[!.]*.json")) if p.stem not in own]
    return here + sorted((root / "annotations").glob("[!.]*.json"))


def _may_be_coco(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(_GLANCE)
    one_image = b'"image"' in start  # as SA-1B has it
    return b'"images"' in start or (b'"annotations"' in start and not one_image)


def _json_files(root: Path) -> list[Path]:
    """Return the JSON file of a folder, or those of the parts of its split."""
    found = _candidates(root)
    if len(found) > 1:
        found = [p for p in found if _may_be_coco(p)] or found
    if not found:
        raise MissingFileError(
            f"There is nothing to read in {root}; expected {DESCRIPTION}."
        )
    if len(found) > 1 and not all(path.name in _PARTS for path in found):
        raise ImageError(
            f"{root} holds {len(found)} JSON files: "
            f"{first_few([p.name for p in found], 5)}. "
            "Give the path of one of them."
        )
    return found


class CocoImage(TypedDict):
    """An image as a COCO file lists it."""

    id: CocoId
    file_name: str
    height: int
    width: int
    objects: NotRequired[int]  # how many, in files of ours


class CocoAnnotation(TypedDict, total=False):
    """An object as a COCO file has it, as far as it is used."""

    image_id: Required[CocoId]
    segmentation: JsonValue
    category_id: CocoId
    iscrowd: int
    label: int  # the number of the object, in files of ours


#: Segmentation and category of each annotation, by its number in its image.
_Masked: TypeAlias = "dict[int, tuple[JsonValue, CocoId | None]]"


def _sections(
    path: Path,
) -> tuple[dict[CocoId, CocoImage], list[CocoAnnotation], dict[CocoId, str]]:
    """Read images by id, annotations, and names of categories by id."""
    found = read_json(path)
    try:
        listed, annotations = list(found["images"]), list(found["annotations"])
        for image in listed:
            image["id"] = _as_id(image["id"])
        for one in annotations:
            one["image_id"] = _as_id(one["image_id"])
        images = {i["id"]: i for i in listed}
        for needed in ("file_name", "height", "width"):
            _ = [i[needed] for i in images.values()]
        # Sets, since what is no number or text is no name of anything.
        _ = {a["image_id"] for a in annotations}
        _ = {a.get("category_id") for a in annotations}
        kinds = found.get("categories") or ()
        categories = {_as_id(c["id"]): str(c["name"]) for c in kinds}
    except (KeyError, TypeError, AttributeError) as wrong:
        lacks = f"{wrong} is missing" if isinstance(wrong, KeyError) else str(wrong)
        raise ImageError(
            f'{path} is not COCO: {lacks}. Expected {{"images": [{{"id", "file_name", '
            '"height", "width"}], "annotations": [{"image_id", "segmentation"}]}.'
        ) from None
    if len(images) < len(listed):
        twice = [i["file_name"] for i in listed if images[i["id"]] is not i]
        raise ImageError(
            f"{path} gives one id to several images: {first_few(twice)} and others. "
            "Which annotations are whose is not known."
        )
    return images, annotations, categories


def _as_id(value: CocoId) -> CocoId:
    """Return an identifier; a number that is written as text is that number."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _is_crowd(one: CocoAnnotation) -> bool:
    return str(one.get("iscrowd") or "0").lower() not in ("0", "0.0", "false")


def _is_drawn(segmentation: JsonValue) -> bool:
    """Whether there is an outline: polygons of two points enclose nothing."""
    if not isinstance(segmentation, list):
        return bool(segmentation)
    return not all(
        isinstance(polygon, list)
        and len(polygon) < 6
        and not any(isinstance(n, list | dict) for n in polygon)
        for polygon in in_a_list(segmentation)
    )


def _by_image(
    path: Path,
    images: Mapping[CocoId, CocoImage],
    annotations: list[CocoAnnotation],
) -> dict[CocoId, _Masked]:
    """Return segmentation and category of annotations, by image and number in it."""
    counts: dict[CocoId, int] = {}
    masked: dict[CocoId, _Masked] = {
        key: {} for key, image in images.items() if image.get("objects") == 0
    }
    labelled = _with_labels(annotations)
    crowds, empty = 0, 0
    unlisted = [a["image_id"] for a in annotations if a["image_id"] not in images]
    if unlisted:
        raise ImageError(
            f"{path} has {len(unlisted)} annotations about images that it does not "
            f"list: image_id {first_few(unlisted)}."
        )
    for one in annotations:
        counts[one["image_id"]] = number = counts.get(one["image_id"], 0) + 1
        if one["image_id"] in labelled:
            number = one["label"]
        mask, category = one.get("segmentation"), one.get("category_id")
        crowds += _is_crowd(one)
        empty += not _is_drawn(mask) and not _is_crowd(one)
        if _is_drawn(mask) and not _is_crowd(one):
            of_image = masked.setdefault(one["image_id"], {})
            of_image[number] = mask, None if category is None else _as_id(category)
    if not any(masked.values()):
        raise ImageError(
            f"{path}: there is no object with an outline: {len(annotations)} "
            f"annotations, {crowds} of crowds, {empty} without a segmentation."
        )
    for count, what in ((crowds, "of crowds"), (empty, "without a segmentation")):
        if count:
            logger.warning("%s: left out %d annotations %s.", path, count, what)
    return masked


def _with_labels(annotations: Sequence[CocoAnnotation]) -> set[CocoId]:
    """Return the images whose annotations all have a number of their own."""
    labels: dict[CocoId, list[object]] = {}
    for one in annotations:
        labels.setdefault(one["image_id"], []).append(one.get("label"))
    return {
        key
        for key, found in labels.items()
        if all(type(n) is int and n > 0 for n in found)
        and len({*map(str, found)}) == len(found)
    }


def _shape(path: Path, image: CocoImage) -> tuple[int, int]:
    try:
        return int(image["height"]), int(image["width"])
    except (TypeError, ValueError):
        raise ImageError(
            f"{path}: image {image['id']} has the height {image['height']!r} and the "
            f"width {image['width']!r}; expected whole numbers."
        ) from None


@dataclass(frozen=True, slots=True)
class _Masks:
    """The masks of one image, read as ground truth when called."""

    key: tuple[Path, CocoId]
    shape: tuple[int, int]
    masked: _Masked
    categories: dict[CocoId, str]
    cache: ReadCache

    def __call__(self) -> RleTruth:
        return self.cache.get(("masks", *self.key), self._read, lambda t: t.nbytes)

    def _read(self) -> RleTruth:
        names = {
            n: self.categories[c]
            for n, (_, c) in self.masked.items()
            if c in self.categories
        }
        masks = {n: mask for n, (mask, _) in self.masked.items()}
        where = f"{self.key[0]}: image {self.key[1]}"
        return RleTruth(self.shape, masks, where=where, categories=names)
