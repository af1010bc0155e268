"""The protocol of writers of data sets, and what their images have in common."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.datasets.export.image_names import ExportImage
    from napari_sam.datasets.export.placed_images import ImagePlacer
    from napari_sam.datasets.export.settings import ExportSettings

__all__ = ["Plan", "Unit", "Writer", "Written"]


@dataclass(frozen=True, slots=True)
class Plan:
    """The plan of an export: what all its images have in common.

    Attributes
    ----------
    settings
        Its settings.
    classes
        Names of classes, in the order of their numbers.
    subsets
        The subsets, in order; one of no name without a split.
    pictures
        Writes image files.
    """

    settings: ExportSettings
    classes: tuple[str, ...]
    subsets: tuple[str, ...]
    pictures: ImagePlacer

    def class_number(self, name: str) -> int:
        """Return the number of a class, from 0."""
        return self.classes.index(name)


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of an export: images that are written together, as those of a movie.

    Attributes
    ----------
    name
        Its name, which no other unit has.
    images
        The images.
    """

    name: str
    images: tuple[ExportImage, ...]


@dataclass(slots=True)
class Written:
    """The files that were written of a unit, and what they hold.

    Attributes
    ----------
    files
        Files of images, by their stems, with how they are shown.
    losses
        What the format does not hold, and how often.
    record
        What the writer needs of it in the end.
    """

    files: dict[str, tuple[str, str]] = field(default_factory=dict)
    losses: Counter[str] = field(default_factory=Counter)
    record: JsonDict = field(default_factory=dict)

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `from_dict` is the inverse."""
        files = {stem: list(found) for stem, found in self.files.items()}
        return {"files": files, "losses": dict(self.losses), "record": self.record}

    @classmethod
    def from_dict(cls, data: JsonObject) -> Written:
        """Inverse of `to_dict`."""
        files = {stem: (name, shown) for stem, (name, shown) in data["files"].items()}
        return cls(files, Counter(data["losses"]), dict(data["record"]))


class Writer(Protocol):
    """A writer of one format."""

    def units(self, images: Sequence[ExportImage]) -> list[Unit]:
        """Share the images out to units, each of which is written at once."""

    def write(self, unit: Unit, folder: Path) -> Written:
        """Write the files of a unit; again, it replaces them."""

    def finish(self, folder: Path, written: Mapping[str, Written]) -> None:
        """Write what is about all of them, by the names of their units, in order."""


def one_by_one(images: Sequence[ExportImage]) -> list[Unit]:
    """Return a unit for each image."""
    return [Unit(one.stem, (one,)) for one in images]
