"""Tables of results: a row for each mask, as CSV, TSV or JSON."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

from napari_sam.core.atomic_write import check_writable, replacing
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.address import Address
    from napari_sam.core.json_values import JsonDict, JsonValue
    from napari_sam.core.prediction import Prediction
    from napari_sam.jobs import Covered, MaskResult

_SUFFIXES = (".csv", ".tsv", ".json")


def check_table_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a table that cannot be written, before any work.

    Raises
    ------
    ImageError
        If its suffix is none of tables, or it is there and is not to be replaced.
    NotWrittenError
        If its folder is missing, or cannot be written.
    """
    if path.suffix.lower() not in _SUFFIXES:
        raise ImageError(f"{path}: tables are written as .csv, .tsv or .json.")
    if path.exists() and not overwrite:
        raise ImageError(f"{path} is there already; --overwrite replaces it.")
    check_writable(path)


def rows_of_masks(
    masks: Mapping[Address, Prediction | MaskResult],
    covered: Covered,
    columns: Mapping[Address, Mapping[str, JsonValue]],
    *,
    image: str = "",
) -> Iterator[JsonDict]:
    """Yield a row for each mask; columns of its prompts come last."""
    for at, mask in masks.items():
        r = mask.region
        box = (r.top, r.left, r.bottom, r.right) if mask.area else (None,) * 4
        gone = mask.area if at in covered.wholly else covered.partly.get(at, 0)
        row: JsonDict = {
            **({"image": image} if image else {}),
            "object": at.object_id,
            "frame": at.frame,
            "score": round(float(mask.score), 4),
            "area": mask.area,
            **dict(zip(("top", "left", "bottom", "right"), box, strict=True)),
            "complete": int(mask.complete),
            "covered": gone,
        }
        for name, value in columns.get(at, {}).items():
            if not (name.lower() == "id" and str(value) == str(at.object_id)):
                row[f"input_{name}" if name in row else name] = value
        yield row


def write_table(path: Path, rows: Sequence[JsonDict]) -> None:
    """Write rows in the form of the suffix."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    suffix = path.suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".json":
            temporary.write_text(json.dumps(list(rows), indent=1), encoding="utf-8")
            return
        with temporary.open("w", encoding="utf-8", newline="") as file:
            between = "\t" if suffix == ".tsv" else ","
            writer = csv.DictWriter(file, names, delimiter=between, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
