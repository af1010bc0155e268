"""Where the files of a labelled data set lie, and its index."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError, MissingFileError
from napari_sam.image.settings import AppearanceSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.json_values import JsonDict, JsonObject, JsonValue

#: What the index says it is, and the version of this layout.
FORMAT, VERSION = "napari-sam labelled images", 1
_USUAL = AppearanceSettings()


class DatasetIndex(NamedTuple):
    """The index of a data set, read.

    Attributes
    ----------
    images
        The images that are labelled.
    classes
        Names of the classes of the examples.
    axes
        Axes of the images, where they do not name them.
    made_by
        What made it: models, settings and dates.
    fingerprint
        Of the model that described the objects.
    appearance
        How images were shown to it.
    model
        Its name.
    """

    images: list[Path]
    classes: tuple[str, ...]
    axes: str | None
    made_by: JsonObject
    fingerprint: str = ""
    appearance: AppearanceSettings = _USUAL
    model: str = "pocket"


@dataclass(frozen=True, slots=True)
class DatasetLayout:
    """The files of a labelled data set.

    Attributes
    ----------
    root
        Its folder.
    """

    root: Path

    @property
    def index(self) -> Path:
        """What is in the data set, and how it was made."""
        return self.root / "dataset.json"

    @property
    def labels(self) -> Path:
        """The folder of label images and tables."""
        return self.root / "labels"

    @property
    def images(self) -> Path:
        """A link to the folder of the images."""
        return self.root / "images"

    @property
    def examples(self) -> Path:
        """Examples of the classes."""
        return self.root / "examples.npz"

    @property
    def review(self) -> Path:
        """What a person decided, line by line."""
        return self.root / "review.jsonl"

    def labels_of(self, image: Path) -> Path:
        """Return the label image of an image."""
        return self.labels / f"{image.stem}.tif"

    def table_of(self, image: Path) -> Path:
        """Return the table of the objects of an image."""
        return self.labels / f"{image.stem}.csv"

    def features_of(self, image: Path) -> Path:
        """Return the features of the objects of an image."""
        return self.root / "features" / f"{image.stem}.npz"

    def corrected_of(self, image: Path) -> Path:
        """Return the features of objects of an image that a person corrected."""
        return self.root / "features" / f"{image.stem}.corrected.npz"

    def write_index(
        self,
        images: Sequence[Path],
        classes: Sequence[str],
        made_by: Mapping[str, JsonValue],
        *,
        axes: str | None = None,
    ) -> None:
        """Write the index, and link the images if their folder is known to be one."""
        done = [image for image in images if self.table_of(image).exists()]
        index: JsonDict = {
            "format": FORMAT,
            "version": VERSION,
            "classes": list(classes),
            "axes": axes,
            "made_by": dict(made_by),
            "entries": [
                {
                    "image": _relative(image, self.root),
                    "labels": _relative(self.labels_of(image), self.root),
                    "objects": _relative(self.table_of(image), self.root),
                }
                for image in done
            ],
        }
        with replacing(self.index) as temporary:
            temporary.write_text(json.dumps(index, indent=1), encoding="utf-8")

    def link_images(self, folder: Path) -> None:
        """Link the folder of the images, where links can be made.

        So the data set has the layout that other commands read, and no pixel twice.
        """
        if self.images.exists() or self.images.is_symlink():
            return
        try:
            self.images.symlink_to(_relative(folder, self.root), True)
        except OSError:
            return

    def read_index(self) -> DatasetIndex:
        """Read the index of a data set.

        Raises
        ------
        MissingFileError
            If there is no data set.
        ImageError
            If the index is damaged, or of a newer version.
        """
        if not self.index.is_file():
            raise MissingFileError(
                f"{self.root} holds no dataset.json: expected a folder that napari-sam "
                "label made."
            )
        try:
            index = json.loads(self.index.read_text(encoding="utf-8"))
            images = [self.root / str(one["image"]) for one in index["entries"]]
            known = index["format"] == FORMAT and int(index["version"]) <= VERSION
            classes = tuple(map(str, index["classes"]))
        except (OSError, ValueError, KeyError, TypeError) as wrong:
            raise ImageError(f"{self.index} is damaged: {wrong!r}.") from None
        if not known:
            raise ImageError(
                f"{self.index} is {index['format']!r} of version {index['version']}; "
                f"expected {FORMAT!r} up to {VERSION}. A newer napari-sam reads it."
            )
        normal = [Path(os.path.normpath(image)) for image in images]
        made_by = index.get("made_by", {})
        return DatasetIndex(
            normal,
            classes,
            index.get("axes"),
            made_by,
            str(made_by.get("fingerprint", "")),
            _appearance(made_by.get("appearance", {})),
            str(made_by.get("model") or "pocket"),
        )


def appearance_values(settings: AppearanceSettings) -> JsonDict:
    """Return settings as an index has them: those that are not the usual ones."""
    values = {one.name: getattr(settings, one.name) for one in fields(settings)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in values.items()
        if value is not None
    }


def _appearance(values: JsonObject) -> AppearanceSettings:
    """Read what `appearance_values` gives; what is not known is passed over."""
    names = {one.name for one in fields(AppearanceSettings)}
    known = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in names
    }
    return replace(_USUAL, **known)  # type: ignore[arg-type]


def _relative(path: Path, root: Path) -> str:
    """Return a path from the data set on, with slashes; absolute if there is none."""
    try:
        return Path(os.path.relpath(path, root)).as_posix()
    except ValueError:  # another drive
        return path.absolute().as_posix()
