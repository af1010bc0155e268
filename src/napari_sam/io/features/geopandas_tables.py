"""Features of files that geopandas reads: shapefiles, GeoPackages, KML and others."""

from __future__ import annotations

import json
import warnings
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.errors import MissingPackageError, PromptError
from napari_sam.io.features.feature_set import FeatureSet
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.json_values import UncheckedJson

#: Suffixes, and what such a file is called.
TABLES: Mapping[str, str] = MappingProxyType(
    {
        ".gpkg": "GeoPackage",
        ".shp": "shapefile",
        ".fgb": "FlatGeobuf",
        ".parquet": "GeoParquet",
        ".geoparquet": "GeoParquet",
        ".kml": "KML",
    }
)

#: Columns that the reader of KML adds to every file.
_OF_KML = ("timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude",
           "visibility", "drawOrder", "icon", "snippet")  # fmt: skip


def features_of_table(path: Path) -> FeatureSet:
    """Read the features of a file, in its reference system.

    Of a GeoPackage with several layers the first with geometries is taken, and it is
    said; the folders of a KML file are read together.

    Raises
    ------
    MissingPackageError
        If geopandas is not installed, or pyarrow for GeoParquet.
    PromptError
        If the file cannot be read.
    """
    kind = TABLES.get(path.suffix.lower(), "file of features")
    geopandas = import_optional("geopandas", f"{path.name} is a {kind}; reading it")
    if kind == "GeoParquet":
        import_optional("pyarrow", f"{path.name} is a {kind}; reading it")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what matters of them is said by us
            tables, notes = _tables(geopandas, path, kind)
            content = [f for t in tables for f in _features(t)]
            crs = next((t.crs.to_wkt() for t in tables if t.crs is not None), None)
    except MissingPackageError:
        raise
    except Exception as wrong:
        reason = " ".join(str(wrong).split())[:200] or type(wrong).__name__
        raise PromptError(f"{path} cannot be read as a {kind}: {reason}") from wrong
    if crs is None:
        notes = (*notes, f"{path.name} does not say its reference system.")
    return FeatureSet(content, crs, notes)


def _tables(
    geopandas: UncheckedJson, path: Path, kind: str
) -> tuple[list[UncheckedJson], tuple[str, ...]]:
    """Return the tables that are read, and what of the file is left out."""
    if kind == "GeoParquet":
        return [geopandas.read_parquet(path)], ()
    where = f"zip://{path}" if path.suffix.lower() == ".zip" else path
    layers = geopandas.list_layers(where)
    names = [
        str(name)
        for name, geometry in zip(layers["name"], layers["geometry_type"], strict=True)
        if isinstance(geometry, str)
    ]
    taken = names if kind == "KML" else names[:1]
    notes: tuple[str, ...] = ()
    if len(taken) < len(names):
        others = ", ".join(names[1:])
        notes = (f"{path.name}: read from its layer {names[0]}, not from {others}.",)
    return [geopandas.read_file(where, layer=name) for name in taken], notes


def _features(table: UncheckedJson) -> list[UncheckedJson]:
    if not hasattr(table, "geometry"):  # a layer without any feature
        return []
    table = table.drop(columns=[c for c in _OF_KML if c in table.columns])
    text = table.to_json(drop_id=True, default=str)
    return list(json.loads(text)["features"])
