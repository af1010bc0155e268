"""Prompt files; the schema is in `napari_sam.core.prompts.json_csv`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import MissingFileError, PromptError
from napari_sam.core.prompts import json_csv
from napari_sam.io.vector_prompts import VectorPrompts, read_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io.readers.image import Image
    from napari_sam.io.vector_prompts import Form

#: Points and polygons of other programs.
_FEATURES = (".geojson", ".gpkg")


def read_prompts(
    path: str | Path,
    *,
    image: Image | None = None,
    form: Form = "box",
    crs: str | None = None,
) -> dict[Address, Prompts]:
    """Read prompts of several objects from a file.

    Parameters
    ----------
    path
        ``.csv`` or ``.json`` as `write_prompts` writes them, or points and polygons of
        ``.geojson`` or ``.gpkg``. Features outside the image are left out.
    image
        Image of the points and polygons, as `read_image` returns it.
    form
        Polygons become the ``"box"`` around them, a ``"point"`` in their middle, or, as
        ``"mask"``, a polygon prompt.
    crs
        Reference system of the coordinates, where it is not in the file.

    Raises
    ------
    MissingFileError
        If there is no such file.
    PromptError
        If it cannot be understood, or nothing in it lies on the image.
    """
    return read_prompts_on(path, image, form=form, crs=crs).prompts


def read_prompts_on(
    path: str | Path,
    image: Image | None,
    *,
    form: Form = "box",
    crs: str | None = None,
) -> VectorPrompts:
    """Read prompts from a file, and count the features outside the image."""
    path = Path(path)
    if path.suffix.lower() not in (*_FEATURES, ".csv", ".json"):
        raise PromptError(
            f"{path}: prompts are read from .csv, .json, .geojson or .gpkg files."
        )
    if not path.exists():
        raise MissingFileError(f"{path} does not exist.")
    if path.suffix.lower() not in _FEATURES:
        return VectorPrompts(_read_text(path), 0)
    if image is None:
        raise PromptError(f"{path}: features need an image; give image=...")
    return read_features(path, image, form=form, crs=crs)


def _read_text(path: Path) -> dict[Address, Prompts]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as wrong:
        raise PromptError(f"{path} cannot be read: {wrong}.") from None
    read = json_csv.from_csv if path.suffix.lower() == ".csv" else json_csv.from_json
    try:
        return read(text)
    except PromptError as wrong:
        raise type(wrong)(f"{path}: {wrong}") from None


def write_prompts(path: str | Path, prompts: Mapping[Address, Prompts]) -> None:
    """Write prompts to a file; CSV holds points and boxes, JSON all prompts."""
    path = Path(path)
    _check_suffix(path)
    to_text = json_csv.to_csv if path.suffix.lower() == ".csv" else json_csv.to_json
    text = to_text(prompts)
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _check_suffix(path: Path) -> None:
    if path.suffix.lower() not in (".csv", ".json"):
        raise PromptError(f"{path}: prompts are written as .csv or .json files.")
