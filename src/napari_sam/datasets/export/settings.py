"""Settings of the export of a data set."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from napari_sam.core.errors import SettingError
from napari_sam.core.settings import check, setting

__all__ = ["FORMATS", "SUBSETS", "ExportSettings", "Format"]

#: Formats of data sets that are written.
Format: TypeAlias = Literal[
    "coco", "yolo", "yolo-boxes", "voc", "labelme", "ctc", "masks"
]
FORMATS: tuple[Format, ...] = get_args(Format)

#: Names of the parts of a split, in their order.
SUBSETS = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """Settings of the export of a data set: format, split, classes, and its card."""

    format: Literal["coco", "yolo", "yolo-boxes", "voc", "labelme", "ctc", "masks"] = (
        setting("coco", label="Format", tip="Format of the data set.")
    )
    split: tuple[float, ...] | None = setting(
        None,
        label="Split",
        tip="Shares of train, val and test, e.g. 0.7,0.15,0.15 or 0.8,0.2. An "
        "experiment is never on both sides.",
        automatic="no split",
    )
    experiment: str | None = setting(
        None,
        label="Experiment",
        tip="What of an image's FOLDER/NAME is its experiment: a regular expression, "
        "e.g. plate\\d+; its first group if it has one.",
        automatic="its folder or stack, else the image itself",
    )
    seed: int = setting(0, label="Seed", tip="Of the split.", minimum=0)
    classes: tuple[str, ...] | None = setting(
        None,
        label="Classes",
        tip="Names of classes in the order of their numbers, e.g. nucleus,debris.",
        automatic="those there are, by name",
    )
    default_class: str = setting(
        "object", label="Class", tip="Class of objects that have none."
    )
    crowd: str | None = setting(
        None, label="Crowd", tip="Class whose objects COCO is told are crowds."
    )
    coco: Literal["rle", "polygons"] = setting(
        "rle", label="COCO masks", tip="Masks of COCO: run lengths or polygons."
    )
    label_files: Literal["tif", "png"] = setting(
        "tif", label="Label files", tip="Label images of the format masks."
    )
    images: Literal["auto", "original", "8-bit"] = setting(
        "auto",
        label="Images",
        tip="Keep image files as they are, or write 8-bit pictures of them. yolo, voc "
        "and labelme take 8 bits only.",
    )
    link: bool = setting(
        False,
        label="Link",
        tip="Hard links to image files that stay as they are, instead of copies.",
    )
    title: str | None = setting(
        None, label="Title", tip="Of the data card.", automatic="the folder's name"
    )
    source: str | None = setting(
        None, label="Source", tip="Where the images are from, for the data card."
    )
    licence: str | None = setting(
        None, label="Licence", tip="Terms of the data, e.g. CC BY 4.0."
    )
    labelled_by: str | None = setting(
        None, label="Labelled by", tip="Who or what made the labels, and how."
    )

    def __post_init__(self) -> None:
        check(self)
        if self.split is not None:
            _check_split(self.split)
        if self.classes is not None and len(set(self.classes)) < len(self.classes):
            raise SettingError(f"classes={self.classes}: each has one name.")
        if not self.default_class.strip():
            raise SettingError("default_class is empty: give a name, such as 'object'.")
        try:
            re.compile(self.experiment or "")
        except re.error as wrong:
            raise SettingError(
                f"experiment={self.experiment!r} is no regular expression: {wrong}."
            ) from None


def _check_split(split: tuple[float, ...]) -> None:
    positive = all(0 <= share <= 1 for share in split) and abs(sum(split) - 1) < 1e-3
    if not positive or len(split) not in (2, 3) or split[0] == 0:
        raise SettingError(
            f"split={split}: expected shares of train and val, or of train, val and "
            "test, that add up to 1: 0.8,0.2 or 0.7,0.15,0.15."
        )
