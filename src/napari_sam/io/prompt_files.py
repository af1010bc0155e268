"""Prompt files; the schema is in `napari_sam.core.prompts.json_csv`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import MissingFileError, PromptError
from napari_sam.core.prompts import json_csv
from napari_sam.io.csv_prompts import read_csv_prompts
from napari_sam.io.features.geojson import features_of_geojson, is_geojson
from napari_sam.io.features.geopandas_tables import TABLES, features_of_table
from napari_sam.io.features.imagej import features_of_rois, is_roi_set
from napari_sam.io.features.text_encoding import read_json
from napari_sam.io.file_names import check_no_device
from napari_sam.io.vector_prompts import VectorPrompts, prompts_of_features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io.features.feature_set import FeatureSet
    from napari_sam.io.readers.image import Image
    from napari_sam.io.vector_prompts import Form

_CSV = (".csv", ".tsv")
_JSON = (".json", ".geojson", ".geojsonl", ".geojsons")
_ROI = (".roi", ".zip")
#: Files that prompts are read from.
PROMPT_SUFFIXES = (".csv", ".json", ".tsv", *_JSON[1:], *TABLES, *_ROI)
#: Files of features of other programs, which need an image to lie on.
FEATURE_SUFFIXES = (*_JSON[1:], *TABLES, *_ROI)


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
        ``.csv`` or ``.json`` as `write_prompts` writes them; a table (``.csv``,
        ``.tsv``) with columns ``x, y`` or ``lon, lat``; points, lines and polygons of
        ``.geojson``, ``.gpkg``, ``.shp``, ``.fgb``, ``.parquet`` or ``.kml``; regions
        of ImageJ, ``.roi`` or ``.zip``. Features outside the image are left out.
    image
        Image of the features, as `read_image` returns it.
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
    MissingPackageError
        If this kind of file needs a package that is not installed.
    """
    return read_prompts_on(path, image, form=form, crs=crs).prompts


def read_prompts_on(
    path: str | Path,
    image: Image | None,
    *,
    form: Form = "box",
    crs: str | None = None,
) -> VectorPrompts:
    """Read prompts from a file, with what it says of them, and what was left out."""
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in PROMPT_SUFFIXES:
        raise PromptError(
            f"{path}: prompts are read from {', '.join(PROMPT_SUFFIXES[:-1])} or "
            f"{PROMPT_SUFFIXES[-1]} files."
        )
    if not path.exists():
        raise MissingFileError(f"{path} does not exist.")
    check_no_device(path)
    if suffix in _CSV:
        return read_csv_prompts(path, image, form=form, crs=crs)
    if suffix in _JSON:
        content = read_json(path)
        if suffix == ".json" and not is_geojson(content):
            return VectorPrompts(_prompts_of_json(path, json.dumps(content)))
        source = features_of_geojson(path, content)
    else:
        source = _features(path, image)
    if image is None:
        raise PromptError(f"{path}: features need an image; give image=...")
    return prompts_of_features(path, source, image, form=form, crs=crs)


def _features(path: Path, image: Image | None) -> FeatureSet:
    if path.suffix.lower() == ".roi" or (
        path.suffix.lower() == ".zip" and is_roi_set(path)
    ):
        return features_of_rois(path, image.frames if image else None)
    return features_of_table(path)


def _prompts_of_json(path: Path, text: str) -> dict[Address, Prompts]:
    try:
        return json_csv.from_json(text)
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
