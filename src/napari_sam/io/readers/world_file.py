"""Coordinates beside an image: world files, and the sidecars of GIS programs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.readers.upright import upright_transform

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.io.geo_transform import Transform
    from napari_sam.io.readers.image import Image

#: WKT, the name of an authority with its number, or a definition of PROJ.
_SYSTEM = re.compile(r"[A-Za-z_0-9]+\s*\[|[A-Za-z]+:\d+$|\+proj=")


def transform_beside(path: Path) -> Transform | None:
    """Return the transform of the stored pixels in a world file; None without one.

    A world file is named by the first and last letter of the suffix and a ``w``
    (``.jgw``), the suffix and a ``w`` (``.jpgw``), or ``.wld``. Its decimals may be
    behind a comma.

    Raises
    ------
    ImageError
        If it does not hold six numbers.
    """
    found = _first(path, _world_suffixes(path.suffix))
    if found is not None:
        return _from_world_file(found)
    text = _from_sidecar(path, "GeoTransform")
    numbers = _numbers(text.replace(",", " ")) if text else ()
    if len(numbers) != 6:
        return None
    c, a, b, f, d, e = numbers
    return a, b, c, d, e, f


def crs_beside(path: Path) -> str | None:
    """Return the reference system in ``.prj`` or ``.aux.xml``.

    It is WKT, a name such as ``EPSG:32633`` or a definition of PROJ; what else a
    ``.prj`` may hold is of no system that is known.
    """
    text = _from_sidecar(path, "SRS")
    projection = _first(path, [".prj"])
    if text is None and projection is not None:
        text = projection.read_text(encoding="utf-8-sig", errors="replace").strip()
    return text if text and _SYSTEM.match(text.strip()) else None


def _world_suffixes(suffix: str) -> list[str]:
    letters = suffix.lower().removeprefix(".")
    short = letters[:1] + letters[-1:] + "w"
    return [f".{short}", f".{letters}w", ".wld"] if letters else [".wld"]


def _first(path: Path, suffixes: list[str]) -> Path | None:
    """Return the first of the files beside a path, in small or capital letters."""
    for suffix in suffixes:
        for spelling in (suffix, suffix.upper()):
            if path.with_suffix(spelling).is_file():
                return path.with_suffix(spelling)
    return None


def _from_world_file(path: Path) -> Transform:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    numbers = _numbers(text if "." in text else text.replace(",", "."))
    if len(numbers) != 6 or numbers[0] * numbers[3] == numbers[1] * numbers[2]:
        raise ImageError(
            f"{path} is no world file: expected six numbers, the size of a pixel and "
            "the middle of the first one. Mend it or take it away."
        )
    a, d, b, e, x, y = numbers  # the middle of the first pixel, not its corner
    return a, b, x - (a + b) / 2, d, e, y - (d + e) / 2


def _numbers(text: str) -> tuple[float, ...]:
    try:
        found = tuple(float(word) for word in text.split())
    except ValueError:
        return ()
    return found if np.isfinite(found).all() else ()


def _from_sidecar(path: Path, name: str) -> str | None:
    """Return an entry of GDAL's ``.aux.xml``."""
    sidecar = path.with_name(f"{path.name}.aux.xml")
    if not sidecar.is_file():
        return None
    try:
        found = ElementTree.fromstring(sidecar.read_bytes()).find(name)
    except ElementTree.ParseError:
        return None
    return None if found is None else found.text


def placed_by_sidecar(image: Image, path: Path) -> Image:
    """Return an image with the coordinates in the files beside it, if there are any.

    They are those of the stored pixels, and are turned with them.
    """
    transform = transform_beside(path)
    if transform is None:
        return image
    turn = image.metadata.get("orientation", 1)
    shape = dict(zip(image.axes, image.data.shape, strict=True))
    if isinstance(turn, int) and {"y", "x"} <= set(shape):
        transform = upright_transform(transform, turn, (shape["y"], shape["x"]))
    return replace(image, transform=transform, crs=crs_beside(path))
