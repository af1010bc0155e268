"""Writer of labels as polygons: GeoJSON and GeoPackage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.io.geo_transform import LON_LAT, reprojected, to_map
from napari_sam.io.optional_packages import import_optional
from napari_sam.io.writers.outlines import area, outlines

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict
    from napari_sam.io.geo_transform import Transform

#: Digits of longitude and latitude: 0.1 mm.
_DIGITS = 9


class Shape(NamedTuple):
    """Polygons of an object in a plane: for each part, the shell and then the holes."""

    properties: dict[str, int]
    parts: list[list[NDArray[np.float64]]]


def write_geojson(
    path: Path, frames: Frames, *, transform: Transform | None, crs: str | None
) -> None:
    """Write labels as GeoJSON: a feature with ``id``, and ``frame`` in a stack.

    With a reference system, coordinates are longitude and latitude, as RFC 7946 has
    them. Without one they are pixels, ``x`` to the right and ``y`` down from the corner
    of the image, as microscopy programs read them.
    """
    shapes = list(_shapes(frames, transform, crs, LON_LAT if crs else None))
    features = [
        {
            "type": "Feature",
            "id": shape.properties["id"],
            "properties": shape.properties,
            "geometry": _geometry(shape),
        }
        for shape in shapes
    ]
    lines = ",\n".join(json.dumps(f, separators=(",", ":")) for f in features)
    text = f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n'
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_gpkg(
    path: Path, frames: Frames, *, transform: Transform | None, crs: str | None
) -> None:
    """Write labels as layer ``labels`` of a GeoPackage, in coordinates of the image."""
    geopandas = import_optional("geopandas", f"{path.name} is a GeoPackage; writing it")
    shapely = import_optional("shapely", f"{path.name} is a GeoPackage; writing it")
    shapes = list(_shapes(frames, transform, crs, crs))
    table = geopandas.GeoDataFrame(
        [shape.properties for shape in shapes],
        columns=["id", *(["frame"] if len(frames) > 1 else [])],
        geometry=[
            shapely.MultiPolygon([(p[0], p[1:]) for p in shape.parts])
            for shape in shapes
        ],
        crs=crs,
    )
    with replacing(path) as temporary:
        temporary.unlink()  # an empty file would be taken for a broken database
        table.to_file(temporary, driver="GPKG", layer="labels", engine="pyogrio")


def _shapes(
    frames: Frames, transform: Transform | None, crs: str | None, to: str | None
) -> Iterator[Shape]:
    for plane in range(len(frames)):
        where = {"frame": plane} if len(frames) > 1 else {}
        for number, parts in outlines(frames[plane]):
            rings = [ring for part in parts for ring in (part.shell, *part.holes)]
            points = to_map(np.concatenate(rings), transform)
            if crs and to:
                points = reprojected(points, crs, to)
            ends = np.cumsum([len(ring) for ring in rings])[:-1]
            moved = iter(np.split(points, ends))
            yield Shape(
                {"id": number, **where},
                [
                    [
                        _oriented(next(moved), hole=i > 0)
                        for i in range(1 + len(p.holes))
                    ]
                    for p in parts
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
