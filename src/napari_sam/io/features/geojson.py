"""GeoJSON: collections, single features, bare geometries and lists of these."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError
from napari_sam.io.features.feature_set import FeatureSet
from napari_sam.io.geo_transform import LON_LAT

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.json_values import JsonObject, UncheckedJson

_GEOMETRIES = frozenset(
    ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
     "MultiPolygon", "GeometryCollection")
)  # fmt: skip


def is_geojson(content: UncheckedJson) -> bool:
    """Whether JSON is of this kind, whatever the suffix of its file."""
    if not isinstance(content, dict):
        return isinstance(content, list) and any(map(is_geojson, content))
    kinds = ("FeatureCollection", "Feature", *_GEOMETRIES)
    return content.get("type") in kinds or (
        isinstance(content.get("features"), list) and "format" not in content
    )


def features_of_geojson(path: Path, content: UncheckedJson) -> FeatureSet:
    """Return the features of GeoJSON: longitude and latitude unless it names others.

    Raises
    ------
    PromptError
        If it is no GeoJSON.
    """
    features = _features(content)
    if features is None:
        raise PromptError(f'{path} is no GeoJSON: expected a list of "features".')
    return FeatureSet(features, _named(content) or LON_LAT)


def _features(content: UncheckedJson) -> list[JsonObject] | None:
    if isinstance(content, list):
        parts = [_features(one) for one in content if one is not None]
        if any(part is None for part in parts):
            return None
        return [feature for part in parts for feature in part or ()]
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("type"), str) and content["type"] in _GEOMETRIES:
        return [{"geometry": content}]
    if content.get("type") == "Feature" or "geometry" in content:
        return [content]
    listed = content.get("features")
    return _features(listed) if isinstance(listed, list) else None


def _named(content: UncheckedJson) -> str | None:
    """Return the member ``crs`` of GeoJSON as it was before RFC 7946."""
    try:
        name = str(content["crs"]["properties"]["name"])
    except (KeyError, TypeError, IndexError):
        return None
    parts = [p for p in name.split(":") if p]
    if parts[:3] == ["urn", "ogc", "def"] and len(parts) > 4:
        return f"{parts[4]}:{parts[-1]}"
    return name
