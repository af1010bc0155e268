"""Writer of objects as polygons: GeoJSON, and the formats of geopandas."""

from __future__ import annotations

import json
import logging
import warnings
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.core.errors import ImageError
from napari_sam.io.geo_transform import LON_LAT, reprojected, to_map
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.writers.outlines import area

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonDict, JsonValue, UncheckedJson
    from napari_sam.io.readers.image import Image
    from napari_sam.io.writers.outlined_objects import OutlinedObject

logger = logging.getLogger(__name__)

#: Suffixes, and what GDAL calls the format; None is not of GDAL.
DRIVERS: Mapping[str, str | None] = MappingProxyType(
    {
        ".gpkg": "GPKG",
        ".shp": "ESRI Shapefile",
        ".fgb": "FlatGeobuf",
        ".kml": "LIBKML",
        ".parquet": None,
        ".geoparquet": None,
    }
)
#: Digits of longitude and latitude: 0.1 mm.
_DIGITS = 9


class Shape(NamedTuple):
    """Polygons of an object: for each part, the shell and then the holes."""

    properties: JsonDict
    parts: list[list[NDArray[np.float64]]]


def write_geojson(
    path: Path, objects: Iterable[OutlinedObject], like: Image | None, *, in_stack: bool
) -> None:
    """Write objects as GeoJSON: a feature with ``id``, and ``frame`` in a stack.

    With a reference system, coordinates are longitude and latitude, as RFC 7946 has
    them. With a transform alone they are those of the transform, and the member ``crs``
    is null, which says that nothing is known of their system. Without either they are
    pixels, ``x`` to the right and ``y`` down from the corner of the image, as
    microscopy programs read them.
    """
    to = LON_LAT if like is not None and like.crs else None
    begin = '{"type":"FeatureCollection",'
    if _warned_of_missing_system(path, like):
        begin += '"crs":null,'
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(f'{begin}"features":[\n')
        for i, shape in enumerate(_shapes(objects, like, to, in_stack)):
            feature = {
                "type": "Feature",
                "id": shape.properties["id"],
                "properties": shape.properties,
                "geometry": _geometry(shape),
            }
            file.write(",\n" if i else "")
            file.write(json.dumps(feature, separators=(",", ":")))
        file.write("\n]}\n")


def write_table(
    path: Path, objects: Iterable[OutlinedObject], like: Image | None, *, in_stack: bool
) -> None:
    """Write objects in a format of geopandas, in coordinates of the image.

    Of an image with a transform alone, they are those of it, and have no reference
    system. In a GeoPackage they are the layer ``labels``. KML is longitude and
    latitude.

    Raises
    ------
    MissingPackageError
        If geopandas is not installed, or pyarrow for GeoParquet.
    ImageError
        If it is KML, and the image has no place on earth.
    """
    suffix = path.suffix.lower()
    geopandas = import_optional("geopandas", f"Writing {path.name}")
    shapely = import_optional("shapely", f"Writing {path.name}")
    crs = like.crs if like is not None else None
    to = LON_LAT if suffix == ".kml" and crs else crs
    check_place(path, like)
    _warned_of_missing_system(path, like)
    shapes = list(_shapes(objects, like, to, in_stack))
    table = geopandas.GeoDataFrame(
        _columns(shapes, in_stack),
        geometry=[
            shapely.MultiPolygon([(p[0], p[1:]) for p in shape.parts])
            for shape in shapes
        ],
        crs=to,
    )
    with _replaced(path) as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names of columns that a shapefile cuts
        _write(table, temporary, suffix)


def check_place(path: Path, like: Image | None) -> None:
    """Refuse KML of an image that has no place on earth."""
    if path.suffix.lower() == ".kml" and not (like is not None and like.crs):
        raise ImageError(
            f"{path}: KML holds longitude and latitude, and the image has no "
            "coordinates in a known reference system. Write a .geojson."
        )


def _warned_of_missing_system(path: Path, like: Image | None) -> bool:
    """Say that coordinates have no reference system; return whether that is so."""
    if like is None or like.crs or not like.transform:
        return False
    logger.warning(
        "%s: the image has a transform, but does not say its reference system: "
        "coordinates are those of the transform, without a reference system.",
        path,
    )
    return True


def _write(table: UncheckedJson, path: Path, suffix: str) -> None:
    driver = DRIVERS[suffix]
    if driver is None:
        import_optional("pyarrow", f"Writing {path.name}")
        table.to_parquet(path)
        return
    named = {"layer": "labels"} if suffix in (".gpkg", ".kml") else {}
    if suffix == ".kml":  # there, id names a place, and is no column
        table = table.rename(columns={"id": "object"})
    table.to_file(
        path, driver=driver, engine="pyogrio", geometry_type="MultiPolygon", **named
    )


@contextmanager
def _replaced(path: Path) -> Iterator[Path]:
    """Yield a path of that name in a folder beside; move all that is written there.

    Some formats are several files, and the one with the name comes last.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.stem}-") as folder:
        temporary = type(path)(folder) / path.name
        yield temporary
        parts = sorted(temporary.parent.iterdir(), key=lambda p: p.name == path.name)
        for part in parts:
            part.replace(path.parent / part.name)


def _columns(shapes: list[Shape], in_stack: bool) -> dict[str, list[JsonValue]]:
    """Return the columns of a table; one with values of several kinds is text."""
    first = {"id": 0, **({"frame": 0} if in_stack else {}), "area": 0.0}
    names = dict.fromkeys(name for s in shapes for name in s.properties) or first
    return {name: _one_kind([s.properties.get(name) for s in shapes]) for name in names}


def _one_kind(values: list[JsonValue]) -> list[JsonValue]:
    there = [value for value in values if value is not None]
    numbers = all(isinstance(v, int | float) for v in there)
    if numbers or all(isinstance(v, str) for v in there):
        return values
    return [
        v if v is None or isinstance(v, str) else json.dumps(v, default=str)
        for v in values
    ]


def _shapes(
    objects: Iterable[OutlinedObject],
    like: Image | None,
    to: str | None,
    in_stack: bool,
) -> Iterator[Shape]:
    crs = like.crs if like is not None else None
    transform = like.transform if like is not None else None
    for one in objects:
        rings = [ring for part in one.parts for ring in (part.shell, *part.holes)]
        points = to_map(np.concatenate(rings), transform)
        if crs and to:
            points = reprojected(points, crs, to)
        ends = np.cumsum([len(ring) for ring in rings])[:-1]
        moved = iter(np.split(points, ends))
        yield Shape(
            one.properties(like, in_stack=in_stack),
            [
                [_oriented(next(moved), hole=i > 0) for i in range(1 + len(p.holes))]
                for p in one.parts
            ],
        )


def _oriented(ring: NDArray[np.float64], *, hole: bool) -> NDArray[np.float64]:
    """Return a ring counter-clockwise if it is a shell, clockwise if it is a hole."""
    against = area(ring[:, ::-1]) > 0
    return ring[::-1] if against == hole else ring


def _geometry(shape: Shape) -> JsonDict:
    rounded = [
        [np.round(ring, _DIGITS).tolist() for ring in part] for part in shape.parts
    ]
    if len(rounded) == 1:
        return {"type": "Polygon", "coordinates": rounded[0]}
    return {"type": "MultiPolygon", "coordinates": rounded}
