"""Prompts of images in files: read from a file or labels, or paired with a folder."""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.prompts import json_csv
from napari_sam.core.settings import check, setting
from napari_sam.io import images_in, prompts_of_labels, read_image, read_prompts_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io import Image

#: Files that prompts are read from.
_PROMPTS = (".csv", ".json", ".geojson", ".gpkg")


@dataclass(frozen=True, slots=True)
class PromptFiles:
    """Which file, labels or folder holds the prompts of several objects."""

    prompts: Path | None = setting(
        None,
        label="Prompts",
        tip="Prompts of several objects: .csv, .json, .geojson or .gpkg.",
    )
    from_labels: Path | None = setting(
        None, label="Labels", tip="Every object of a label image is a prompt."
    )
    form: Literal["box", "point", "mask"] = setting(
        "box", label="Form", tip="What the model is told of labels and polygons."
    )
    crs: str | None = setting(
        None,
        label="CRS",
        tip="Reference system of --prompts, where the file does not say it.",
    )

    def __post_init__(self) -> None:
        check(self)
        if self.prompts and self.from_labels:
            raise PromptError("Give either --prompts or --from-labels, not both.")

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.path is not None

    @property
    def path(self) -> Path | None:
        """The file or folder."""
        return self.prompts or self.from_labels

    def at(self, path: Path) -> PromptFiles:
        """Return the same, of another file."""
        name = "prompts" if self.prompts else "from_labels"
        return replace(self, **{name: path})  # type: ignore[arg-type]

    def read(self, image: Image) -> FoundPrompts:
        """Read the prompts of an image.

        Raises
        ------
        PromptError
            If there are none, or they cannot be understood.
        ImageError
            If labels do not lie on the image.
        """
        if self.prompts:
            return _read_file(self, self.prompts, image)
        if self.from_labels:
            return FoundPrompts(_read_labels(self, self.from_labels, image))
        raise PromptError("No file of prompts was given: expected prompts or labels.")


@dataclass(frozen=True, slots=True)
class FoundPrompts:
    """Prompts of an image, and how many of a file lie outside of it."""

    prompts: Mapping[Address, Prompts]
    outside: int = 0


@dataclass(frozen=True, slots=True)
class PromptTable:
    """Rows of a CSV about one image of a folder."""

    text: str

    def read(self, image: Image) -> FoundPrompts:
        """Read the prompts of an image."""
        return FoundPrompts(json_csv.from_csv(self.text))


#: Where the prompts of one image of a folder are; None if it has none.
PromptSource = PromptFiles | PromptTable | None


def pair_images(
    folder: str | Path, given: PromptFiles
) -> dict[Path, PromptSource] | None:
    """Pair the images of a folder with their prompts; None if it is one image.

    Prompts are a folder of files named as the images, or a CSV with a column "image".
    """
    path = given.path
    if path is None or not Path(folder).is_dir():
        return None
    if path.is_dir() and not (path / "zarr.json").exists():
        of_stem = _files_by_stem(path, only_prompts=given.prompts is not None)
        return {
            image: given.at(of_stem[image.stem]) if image.stem in of_stem else None
            for image in images_of_folder(folder)
        }
    tables = _tables(path) if path.suffix.lower() == ".csv" else None
    if tables is None:
        return None
    return {
        image: tables.get(image.name, tables.get(image.stem))
        for image in images_of_folder(folder)
    }


def images_of_folder(path: str | Path) -> list[Path]:
    """Return the images of a folder, each by itself."""
    if not Path(path).is_dir():
        raise ImageError(f"{path} is no folder.")
    return images_in(Path(path))


def _read_file(given: PromptFiles, path: Path, image: Image) -> FoundPrompts:
    found = read_prompts_on(path, image, form=given.form, crs=given.crs)
    if not found.prompts:
        raise PromptError(f"{path} holds no prompts.")
    return FoundPrompts(found.prompts, found.outside)


def _read_labels(
    given: PromptFiles, path: Path, image: Image
) -> dict[Address, Prompts]:
    frames = image.frames
    labels = read_image(path, axes="".join(frames.sizes) + "yx").frames
    if (labels.sizes, labels.plane_shape) != (frames.sizes, frames.plane_shape):
        raise ImageError(
            f"{path} is {labels!r}, which does not lie on the image, {frames!r}."
        )
    return prompts_of_labels(labels, form=given.form)


def _files_by_stem(folder: Path, *, only_prompts: bool) -> dict[str, Path]:
    return {
        file.stem: file
        for file in sorted(folder.iterdir())
        if not file.name.startswith(".")
        and (file.suffix.lower() in _PROMPTS or not only_prompts)
    }


def _tables(path: Path) -> dict[str, PromptTable] | None:
    """Cut a CSV with a column "image" into one for each image."""
    try:
        rows = list(csv.reader(StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, UnicodeDecodeError):
        return None
    head = [name.strip() for name in rows[0]] if rows else []
    if "image" not in head:
        return None
    at = head.index("image")
    lines: dict[str, list[list[str]]] = {}
    for row in (row for row in rows[1:] if len(row) > at):
        own = lines.setdefault(row[at].strip(), [_without(head, at)])
        own.append(_without(row, at))
    return {name: PromptTable(_as_csv(own)) for name, own in lines.items()}


def _without(row: list[str], at: int) -> list[str]:
    return row[:at] + row[at + 1 :]


def _as_csv(rows: list[list[str]]) -> str:
    text = StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
