"""Prompts from tables: rows and columns of pixels, or places on a map."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import json_csv
from napari_sam.io.feature_places import places_of
from napari_sam.io.features.csv_table import CsvTable, number_of, read_table
from napari_sam.io.features.feature_set import PIXELS, FeatureSet
from napari_sam.io.features.object_numbers import object_numbers
from napari_sam.io.features.text_encoding import read_text_of_any_age
from napari_sam.io.geo_transform import LON_LAT
from napari_sam.io.vector_prompts import VectorPrompts, prompts_of_features

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.io.readers.image import Image
    from napari_sam.io.vector_prompts import Form

_EDGES = ("top", "left", "bottom", "right")
_OURS = ("object", "frame", "row", "col", "positive", *_EDGES, "threshold")
#: Our names of what other tables call x and y, on an image without coordinates.
_IN_PIXELS = (("row", "y"), ("col", "x"), ("top", "ymin"), ("left", "xmin"),
              ("bottom", "ymax"), ("right", "xmax"))  # fmt: skip


class TablePrompts(NamedTuple):
    """A table, and what is needed to make prompts of it.

    Attributes
    ----------
    path
        Of its file, for messages.
    table
        The table.
    form, crs
        As of `read_prompts`.
    """

    path: Path
    table: CsvTable
    form: Form = "box"
    crs: str | None = None

    def on(self, image: Image | None) -> VectorPrompts:
        """Return the prompts on an image."""
        found = self._on(image)
        return found._replace(notes=(*self.table.notes, *found.notes))

    def _on(self, image: Image | None) -> VectorPrompts:
        table = self.table
        if table.kind == "pixels" or not table.kind:
            return self._in_pixels(table)
        if image is not None and self._is_on_map(image):
            return prompts_of_features(
                self.path, _features(table, self.crs or image.crs), image,
                form=self.form, crs=None if table.kind == "lon lat" else self.crs,
            )  # fmt: skip
        if table.kind == "lon lat":
            raise PromptError(
                f"{self.path} has longitudes and latitudes, but the image has no "
                "coordinates: is it a GeoTIFF? Pixels are columns row and col."
            )
        columns = [_pixel_name(name, table.columns) for name in table.columns]
        return self._in_pixels(table._replace(columns=tuple(columns)))

    def _is_on_map(self, image: Image) -> bool:
        """Whether its places are on the map of the image, and no pixels."""
        if image.crs or image.transform is None or self.crs == PIXELS:
            return bool(image.crs) and self.crs != PIXELS
        source = _features(self.table, self.crs)
        return places_of(self.path, source, image, self.crs).by_transform

    def _in_pixels(self, table: CsvTable) -> VectorPrompts:
        """Return prompts of rows and columns, the middle of the first pixel at 0."""
        records, notes = _with_places(table)
        if not records and table.kind:
            return VectorPrompts({}, notes=notes)
        if "object" not in table.columns and records:
            found = object_numbers([number_of(r.get("id", "")) for _, r in records])
            notes += found.notes
            for (_, record), number in zip(records, found.numbers, strict=True):
                record["object"] = str(number)
        columns = [name for name in _OURS if any(name in r for _, r in records)]
        columns = columns or [name for name in _OURS if name in table.columns]
        text = _text(columns, records)
        try:
            prompts = json_csv.from_csv(text)
        except PromptError as wrong:
            raise PromptError(f"{self.path}: {wrong}") from None
        attributes: dict[int, JsonDict] = {}
        for _, record in records:
            number = int(float(record["object"]))
            attributes.setdefault(number, table.attributes(record))
        of_address = {at: attributes[at.object_id] for at in prompts}
        return VectorPrompts(prompts, 0, of_address, notes)


def read_csv_prompts(
    path: Path, image: Image | None, *, form: Form = "box", crs: str | None = None
) -> VectorPrompts:
    """Read prompts from a table: see `read_prompts`."""
    return TablePrompts(path, csv_table(path), form, crs).on(image)


def csv_table(path: Path) -> CsvTable:
    """Read the table of a file.

    Raises
    ------
    PromptError
        If it is none.
    """
    text, is_unicode = read_text_of_any_age(path)
    try:
        table = read_table(text)
    except PromptError as wrong:
        raise PromptError(f"{path}: {wrong}") from None
    if is_unicode:
        return table
    said = f"{path.name} is not in Unicode; its letters are taken for Windows-1252."
    return table._replace(notes=(said, *table.notes))


def _pixel_name(name: str, columns: tuple[str, ...]) -> str:
    ours = {theirs: ours for ours, theirs in _IN_PIXELS}.get(name, name)
    return name if ours in columns else ours


def _with_places(
    table: CsvTable,
) -> tuple[list[tuple[int, dict[str, str]]], tuple[str, ...]]:
    """Return the rows with a place, by their lines, and name those without any."""
    pairs = list(zip(table.lines, table.records(), strict=True))
    places = [name for name in ("row", "col", *_EDGES) if name in table.columns]
    empty = [n for n, r in pairs if places and not any(r[name] for name in places)]
    if not empty:
        return pairs, ()
    said = ", ".join(map(str, empty[:5])) + (" ..." if len(empty) > 5 else "")
    note = f"Left out, for they say no place: {len(empty)} rows, on lines {said}."
    return [(n, r) for n, r in pairs if n not in set(empty)], (note,)


def _text(columns: list[str], records: list[tuple[int, dict[str, str]]]) -> str:
    """Write rows in our schema, each on the line of the file that it was on."""
    out = StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    at = 1
    for line, record in records:
        out.write("\n" * (line - at - 1))
        writer.writerow([record.get(name, "") for name in columns])
        at = max(line, at + 1)
    return out.getvalue()


def _features(table: CsvTable, crs: str | None) -> FeatureSet:
    """Return a feature for each row of a table with places on a map."""
    x, y = ("lon", "lat") if table.kind == "lon lat" else ("x", "y")
    features: list[JsonObject] = [
        {
            "properties": {
                **{k: v or None for k, v in record.items() if k in _ABOUT},
                **table.attributes(record),
            },
            "geometry": _geometry(record, (x, y)),
        }
        for record in table.records()
    ]
    return FeatureSet(features, LON_LAT if table.kind == "lon lat" else crs)


_ABOUT = ("object", "frame", "positive")


def _geometry(record: Mapping[str, str], names: tuple[str, str]) -> JsonObject | None:
    """Return a point or a box; None for a row without a place."""
    place = [record.get(name, "") for name in names]
    edges = [record.get(name, "") for name in ("xmin", "ymin", "xmax", "ymax")]
    if any(place):
        return {"type": "Point", "coordinates": place}
    if not any(edges):
        return None
    left, low, right, high = edges
    ring = [(left, low), (right, low), (right, high), (left, high), (left, low)]
    return {"type": "Polygon", "coordinates": [[list(corner) for corner in ring]]}
