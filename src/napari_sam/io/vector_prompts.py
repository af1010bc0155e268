"""Prompts from points and polygons of a GIS or of a microscopy program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.io.geo_transform import LON_LAT, reprojected, to_corners
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.io.readers.image import Image

#: The kind of prompt that an outline or a mask becomes.
Form = Literal["point", "box", "mask"]
#: Rounding of coordinates in files, in pixels: a box ignores so much of a pixel.
_CLOSE = 0.01
_FALSE = (False, 0, "0", "false", "no", "negative", "-")


class VectorPrompts(NamedTuple):
    """Prompts of a file, and the number of its features outside the image."""

    prompts: dict[Address, Prompts]
    outside: int


def read_features(
    path: Path, image: Image, *, form: Form = "box", crs: str | None = None
) -> VectorPrompts:
    """Read prompts from points, lines and polygons of GeoJSON or a GeoPackage.

    The object is the property ``object`` or ``id`` of a feature, or its number in the
    file, from 1; ``frame`` is 0 and ``positive`` true unless there are such properties.

    Parameters
    ----------
    path
        The file. A GeoPackage needs geopandas.
    image
        Image of the features. With a reference system, GeoJSON is longitude and
        latitude unless the file names another; without one, coordinates are pixels,
        ``(0, 0)`` the corner of the image and ``y`` down.
    form
        A polygon becomes the box around it, a point inside it, or, as ``"mask"``, a
        polygon prompt.
    crs
        Reference system of the coordinates, where it is not in the file.

    Raises
    ------
    PromptError
        If the file cannot be understood, or nothing in it lies on the image.
    """
    features, named = _features(path)
    crs = crs or named or (LON_LAT if path.suffix.lower() != ".gpkg" else None)
    prompts: dict[Address, Prompts] = {}
    outside = 0
    for number, feature in enumerate(features, start=1):
        at, positive = _address(path, feature, number)
        given = prompts.get(at, Prompts())
        extended = given
        for kind, points in _geometries(path, feature.get("geometry"), number):
            corners = _corners(path, points, image, crs)
            extended = _prompts_for(
                extended, kind, corners, image, form=form, positive=positive
            )
        if extended is given:
            outside += 1
        else:
            prompts[at] = extended
    if not prompts:
        raise PromptError(_nothing_message(path, image, len(features), crs))
    return VectorPrompts(prompts, outside)


def _features(path: Path) -> tuple[list[dict[str, Any]], str | None]:
    if path.suffix.lower() == ".gpkg":
        geopandas = import_optional(
            "geopandas", f"{path.name} is a GeoPackage; reading it"
        )
        try:
            table = geopandas.read_file(path)
        except Exception as wrong:
            raise PromptError(f"{path} cannot be read: {wrong}") from wrong
        content = json.loads(table.to_json(drop_id=True))
        return content["features"], table.crs.to_wkt() if table.crs else None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as wrong:
        raise PromptError(f"{path} is not JSON: {wrong}.") from None
    if isinstance(content, dict) and content.get("type") == "Feature":
        content = {"features": [content]}
    features = content if isinstance(content, list) else None
    if isinstance(content, dict):
        features = content.get("features")
    if not isinstance(features, list) or not all(isinstance(f, dict) for f in features):
        raise PromptError(f'{path} is no GeoJSON: expected a list of "features".')
    return features, _named(content)


def _named(content: Any) -> str | None:
    """Return the member ``crs`` of GeoJSON as it was before RFC 7946."""
    try:
        name = str(content["crs"]["properties"]["name"])
    except (KeyError, TypeError):
        return None
    parts = [p for p in name.split(":") if p]
    if parts[:3] == ["urn", "ogc", "def"]:
        return f"{parts[4]}:{parts[-1]}"
    return name


def _address(path: Path, feature: dict[str, Any], number: int) -> tuple[Address, bool]:
    properties = feature.get("properties") or {}
    names = {str(k).lower(): v for k, v in properties.items()}
    label = names.get("object", names.get("id"))
    label = number if label is None or not str(label).isdigit() else label
    positive = names.get("positive", True)
    if isinstance(positive, str):
        positive = positive.lower()
    try:
        at = Address(int(names.get("frame") or 0), int(label))
    except (TypeError, ValueError) as wrong:
        raise PromptError(f"{path}: feature {number}: {wrong}") from None
    return at, positive is None or positive not in _FALSE


def _geometries(
    path: Path, geometry: Any, number: int
) -> Iterator[tuple[str, NDArray[np.float64]]]:
    """Yield simple kinds with their points ``(n, 2)``; holes are left out."""
    if geometry is None:
        return
    try:
        kind = geometry["type"]
        if kind == "GeometryCollection":
            for part in geometry["geometries"]:
                yield from _geometries(path, part, number)
            return
        parts = geometry["coordinates"]
        single = kind.removeprefix("Multi")
        each = parts if kind != single else [parts]
        for one in each:
            flat = {"Point": [one], "Polygon": one[0]}.get(single, one)
            yield single, np.array([p[:2] for p in flat], np.float64)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as wrong:
        raise PromptError(
            f"{path}: the geometry of feature {number} cannot be understood: {wrong!r}."
        ) from None


def _corners(
    path: Path, points: NDArray[np.float64], image: Image, crs: str | None
) -> NDArray[np.float64]:
    if image.crs is None:
        if crs not in (None, LON_LAT):
            raise PromptError(
                f"{path} has coordinates in {str(crs)[:60]}, but the image has none: "
                "is it a GeoTIFF, and is rasterio installed?"
            )
        return to_corners(points, None)
    if crs == LON_LAT and (np.abs(points) > (360, 90)).any():
        raise PromptError(
            f"{path} has coordinates such as {points[0].tolist()}, which are no "
            "longitude and latitude. Give their reference system: --crs EPSG:..., "
            "crs=..."
        )
    try:
        points = reprojected(points, crs or image.crs, image.crs)
    except ImageError as wrong:
        raise PromptError(f"{path}: {wrong}") from None
    return to_corners(points, image.transform)


def _prompts_for(
    prompts: Prompts,
    kind: str,
    corners: NDArray[np.float64],
    image: Image,
    *,
    form: Form,
    positive: bool,
) -> Prompts:
    """Add prompts of a geometry, as far as it lies on the image."""
    rows, cols = image.frames.plane_shape
    inside = ((corners >= 0) & (corners < (rows, cols))).all(1)
    if kind == "Polygon":
        return _polygon_prompts(prompts, corners, (rows, cols), form, positive=positive)
    if not inside.any():
        return prompts
    centres = corners[inside] - 0.5
    if kind == "LineString" and len(centres) > 1:
        return prompts.scribble(centres.tolist(), positive=positive)
    for row, col in np.clip(centres, 0, (rows - 1, cols - 1)).tolist():
        prompts = prompts.point(row, col, positive=positive)
    return prompts


def _polygon_prompts(
    prompts: Prompts,
    corners: NDArray[np.float64],
    shape: tuple[int, int],
    form: Form,
    *,
    positive: bool,
) -> Prompts:
    cut = np.clip(corners, 0, shape)
    top, left = np.floor(cut.min(0) + _CLOSE)
    bottom, right = np.ceil(cut.max(0) - _CLOSE)
    if bottom <= top or right <= left:
        return prompts
    if form == "mask" or not positive:
        last = (shape[0] - 1, shape[1] - 1)
        vertices = np.clip(corners[:-1] - 0.5, 0, last)
        return prompts.polygon(vertices.tolist(), positive=positive)
    if form == "box":
        return prompts.rectangle(top, left, bottom, right)
    row, col = _middle(cut, (int(top), int(left), int(bottom), int(right)))
    return prompts.point(row, col, positive=positive)


def _middle(
    corners: NDArray[np.float64], box: tuple[int, int, int, int]
) -> tuple[int, int]:
    from skimage.draw import polygon2mask

    from napari_sam.io.prompts_from_labels import middle

    top, left, bottom, right = box
    filled = polygon2mask((bottom - top, right - left), corners - (top, left) - 0.5)
    filled = filled if filled.any() else np.ones_like(filled)
    row, col = middle(filled)
    return top + row, left + col


def _nothing_message(path: Path, image: Image, count: int, crs: str | None) -> str:
    if not count:
        return f"{path} holds no features."
    there = (
        f"its reference system is {image.crs[:60]}, and the file's {crs or 'the same'}"
        if image.crs
        else "it has no coordinates on earth, so the file's are taken for pixels"
    )
    return f"{path}: none of its {count} features lies on the image; {there}."
