"""Regions of interest of ImageJ and Fiji: ``.roi``, and ``.zip`` with several."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.io.features.feature_set import PIXELS, FeatureSet
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import roifile

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict, JsonObject, JsonValue

_AREAS = ("POLYGON", "RECT", "OVAL", "FREEHAND", "TRACED")
_LINES = ("LINE", "FREELINE", "POLYLINE", "ANGLE")


def is_roi_set(path: Path) -> bool:
    """Whether a zip holds regions of ImageJ."""
    try:
        with ZipFile(path) as archive:
            return any(n.lower().endswith(".roi") for n in archive.namelist())
    except (OSError, BadZipFile, NotImplementedError, ValueError) as wrong:
        raise PromptError(f"{path} cannot be read as a zip: {wrong}.") from None


def features_of_rois(path: Path, frames: Frames | None) -> FeatureSet:
    """Read regions as features in pixels, on the planes that they were drawn on.

    Each region is an object, and so is each point of a set of points: ImageJ counts
    cells with these.

    Raises
    ------
    MissingPackageError
        If roifile is not installed.
    PromptError
        If the file cannot be understood.
    """
    reader = import_optional("roifile", f"{path.name} is of ImageJ; reading it")
    try:
        found = reader.roiread(path)
        rois = found if isinstance(found, list) else [found]
        features = [f for roi in rois for f in _features(roi, frames)]
    except Exception as wrong:
        raise PromptError(
            f"{path} cannot be read as regions of ImageJ: {wrong}"
        ) from wrong
    return FeatureSet(features, PIXELS)


def _features(roi: roifile.ImagejRoi, frames: Frames | None) -> Iterator[JsonObject]:
    properties: JsonDict = {"name": roi.name or "", "frame": _frame(roi, frames)}
    if (roi.name or "").isdigit():
        properties["id"] = roi.name
    for geometry in _geometries(roi):
        yield {"properties": dict(properties), "geometry": geometry}


def _geometries(roi: roifile.ImagejRoi) -> Iterator[JsonDict]:
    kind = roi.roitype.name
    if kind == "POINT":  # the middle of a pixel, as ImageJ shows it
        half = 0.0 if roi.subpixel_coordinates is not None else 0.5
        for x, y in np.asarray(roi.coordinates()).tolist():
            yield {"type": "Point", "coordinates": [x + half, y + half]}
        return
    parts = [part.tolist() for part in roi.coordinates(multi=True)]
    rings: list[JsonValue] = [[_closed(part)] for part in parts if len(part) > 2]
    if roi.multi_coordinates is not None or kind in _AREAS:
        yield {"type": "MultiPolygon", "coordinates": rings}
    elif kind in _LINES:
        yield {"type": "MultiLineString", "coordinates": list(parts)}


def _closed(ring: list[list[float]]) -> JsonValue:
    return list(ring if ring[0] == ring[-1] else [*ring, ring[0]])


def _frame(roi: roifile.ImagejRoi, frames: Frames | None) -> int:
    """Return the plane that a region was drawn on; ImageJ counts from 1, 0 is all."""
    if frames is None or not frames.sizes:
        return 0
    sizes = frames.sizes
    given = {"t": roi.t_position, "z": roi.z_position}
    if any(given[axis] for axis in sizes):
        return frames.ravel({axis: max(given[axis] - 1, 0) for axis in sizes})
    return max(roi.position - 1, 0)
