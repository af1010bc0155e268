"""Several images in one file, by names that a person can choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import NapariSamError
from napari_sam.io.readers.image import ImagePart

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.json_values import JsonDict


def parts_of(path: str | Path) -> dict[str, ImagePart]:
    """Return the images of a file by name; none if it has one, or cannot be opened."""
    from napari_sam.io.contents import contents_of

    try:
        found = contents_of(path)
    except NapariSamError:
        return {}
    return {_name(facts): _part(facts) for facts in found} if len(found) > 1 else {}


def notice_of(path: Path) -> str:
    """Return what is said of a file with several images; nothing of others."""
    parts = parts_of(path)
    if not parts:
        return ""
    return (
        f"{path.name} holds {len(parts)} images; the largest is shown. Others: Open "
        "image with its coordinates, in the menu of napari-sam."
    )


def _part(facts: JsonDict) -> ImagePart:
    options = facts.get("options")
    chosen = dict(options) if isinstance(options, dict) else {}
    series = chosen.get("series")
    return ImagePart(
        series=int(series) if series is not None else None,
        field=chosen.get("field"),
        layer=chosen.get("layer"),
    )


def _name(facts: JsonDict) -> str:
    options, sizes = facts.get("options"), facts.get("sizes")
    chosen = dict(options) if isinstance(options, dict) else {}
    named = " ".join(f"{k} {v}" for k, v in chosen.items())
    if isinstance(sizes, dict):
        return f"{named}: {' x '.join(f'{a} {n}' for a, n in sizes.items())}"
    return f"{named}: {sizes}" if sizes else named
