"""Prompts of images in files: read from a file or labels, or paired with a folder."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path  # noqa: TC003
from typing import TYPE_CHECKING, Literal

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.settings import check, setting
from napari_sam.io import (
    prompts_of_labels,
    read_label_image,
    read_prompts_on,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.json_values import JsonValue
    from napari_sam.core.prompts import Prompts
    from napari_sam.io import Image
    from napari_sam.io.csv_prompts import TablePrompts
    from napari_sam.io.vector_prompts import VectorPrompts


@dataclass(frozen=True, slots=True)
class PromptFiles:
    """Which file, labels or folder holds the prompts of several objects."""

    prompts: Path | None = setting(
        None,
        label="Prompts",
        tip="Prompts of several objects: a table (.csv), .json, features of a GIS "
        "(.geojson, .gpkg, .shp ...) or regions of ImageJ (.roi, .zip).",
    )
    from_labels: Path | None = setting(
        None, label="Labels", tip="Every object of a label image is a prompt."
    )
    form: Literal["box", "point", "mask"] = setting(
        "box", label="Form", tip="Prompts that labels and polygons are turned into."
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
    """Prompts of an image, and what else their file says.

    Attributes
    ----------
    prompts
        The prompts of each object.
    outside
        How many of a file lie outside of the image.
    attributes
        Further columns or properties of each object.
    notes
        What a person should know of how the file was read.
    """

    prompts: Mapping[Address, Prompts] = field(default_factory=dict)
    outside: int = 0
    attributes: Mapping[Address, Mapping[str, JsonValue]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PromptTable:
    """Rows of a CSV about one image of a folder."""

    rows: TablePrompts

    def read(self, image: Image) -> FoundPrompts:
        """Read the prompts of an image."""
        return _found(self.rows.on(image), self.rows.path, image)


#: Where the prompts of one image of a folder are; None if it has none.
PromptSource = PromptFiles | PromptTable | None


def _read_file(given: PromptFiles, path: Path, image: Image) -> FoundPrompts:
    found = read_prompts_on(path, image, form=given.form, crs=given.crs)
    return _found(found, path, image)


def _found(found: VectorPrompts, path: Path, image: Image) -> FoundPrompts:
    """Return prompts if there are any, and all are about planes of the image."""
    if not found.prompts:
        raise PromptError(f"{path} holds no prompts.")
    frames = len(image.frames)
    beyond = [at for at in found.prompts if at.frame >= frames]
    if beyond:
        raise PromptError(
            f"{path}: object {beyond[0].object_id} is in frame {beyond[0].frame}, and "
            f"the image has {frames}, counted from 0."
        )
    return FoundPrompts(*found)


def _read_labels(
    given: PromptFiles, path: Path, image: Image
) -> dict[Address, Prompts]:
    frames = image.frames
    labels = read_label_image(path, axes="".join(frames.sizes) + "yx").frames
    if (labels.sizes, labels.plane_shape) != (frames.sizes, frames.plane_shape):
        raise ImageError(
            f"{path} is {labels!r}, which does not lie on the image, {frames!r}."
        )
    return prompts_of_labels(labels, form=given.form, where=str(path))
