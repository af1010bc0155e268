"""Reader of TrackMate's XML: spots, links of tracks that are kept, and the image."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.io.trackmate import Spot, TrackMateImage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from numpy.typing import NDArray

#: Attributes of a spot that are no features, or have a place of their own.
_NO_FEATURES = ("ID", "name", "ROI_N_POINTS", "FRAME", "POSITION_T", "VISIBILITY")


class TrackMateFile(NamedTuple):
    """The contents of a file of TrackMate.

    Attributes
    ----------
    image
        The image that the spots are of.
    spots
        By id: those of tracks that TrackMate's filters keep, and those of no track.
    links
        From spot to spot, in the order of time.
    """

    image: TrackMateImage
    spots: Mapping[int, Spot]
    links: list[tuple[int, int]]


def is_trackmate(path: Path) -> bool:
    """Whether a file is XML whose outermost element is TrackMate's."""
    if path.suffix.lower() != ".xml" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            _, first = next(ElementTree.iterparse(file, ("start",)))
    except (ElementTree.ParseError, StopIteration, OSError):
        return False
    return bool(first.tag == "TrackMate")


def read_trackmate(path: Path) -> TrackMateFile:
    """Read a file of TrackMate, version 3 or later.

    Raises
    ------
    TrackError
        If it is no such file, or a number cannot be read.
    """
    try:
        root = ElementTree.parse(path).getroot()
        model = root.find("Model")
        if root.tag != "TrackMate" or model is None:
            raise TrackError(
                f"{path} is no file of TrackMate with spots and tracks: expected "
                "<TrackMate> with a <Model>."
            )
        image = _image(root, model)
        return _read(model, image)
    except (ElementTree.ParseError, ValueError, KeyError) as wrong:
        raise TrackError(
            f"{path} cannot be read as TrackMate's XML: {wrong}."
        ) from None


def _read(model: Element, image: TrackMateImage) -> TrackMateFile:
    kept = {one.get("TRACK_ID") for one in model.iterfind("FilteredTracks/TrackID")}
    hidden: set[int] = set()
    links: list[tuple[int, int]] = []
    for track in model.iterfind("AllTracks/Track"):
        own = [
            (int(e.attrib["SPOT_SOURCE_ID"]), int(e.attrib["SPOT_TARGET_ID"]))
            for e in track.iterfind("Edge")
        ]
        if track.get("TRACK_ID") in kept:
            links += own
        else:
            hidden.update(i for link in own for i in link)
    found = (
        _spot(one, image)
        for one in model.iterfind("AllSpots/SpotsInFrame/Spot")
        if float(one.get("VISIBILITY", 1)) > 0
    )
    spots = {spot.id: spot for spot in found if spot.id not in hidden}
    ordered = [
        (a, b) if spots[a].frame < spots[b].frame else (b, a)
        for a, b in links
        if a in spots and b in spots
    ]
    return TrackMateFile(image, spots, ordered)


def _image(root: Element, model: Element) -> TrackMateImage:
    data = root.find("Settings/ImageData")
    has: Mapping[str, str] = {} if data is None else data.attrib
    names = {
        "x": "pixelwidth",
        "y": "pixelheight",
        "z": "voxeldepth",
        "t": "timeinterval",
    }
    frames, planes, rows, cols = (
        int(float(has.get(n, 0))) for n in ("nframes", "nslices", "height", "width")
    )
    return TrackMateImage(
        frames,
        planes,
        rows,
        cols,
        {axis: float(has.get(name) or 0) or 1.0 for axis, name in names.items()},
        model.get("spatialunits", "pixel"),
        model.get("timeunits", "frame"),
        has.get("folder", "") + has.get("filename", ""),
    )


def _spot(element: Element, image: TrackMateImage) -> Spot:
    has = element.attrib
    x, y, z = (float(has.get(f"POSITION_{a}", 0)) for a in "XYZ")
    high, wide = image.size("y"), image.size("x")
    middle = z / image.size("z"), y / high, x / wide
    features = {
        name: float(value)
        for name, value in has.items()
        if name not in _NO_FEATURES and _is_number(value)
    }
    radius = features.get("RADIUS", 1.0) / wide
    frame = int(float(has["FRAME"]))
    ring = _outline(element, (wide, high), middle[1:])
    return Spot(int(has["ID"]), frame, middle, radius, ring, features)


def _outline(
    element: Element, scale: tuple[float, float], middle: tuple[float, ...]
) -> NDArray[np.float64] | None:
    """Return the ring of a spot; None without one, or where it is of a volume."""
    count = int(float(element.get("ROI_N_POINTS", 0)))
    numbers = np.array((element.text or "").split(), np.float64)
    if count < 3 or len(numbers) != 2 * count:
        return None
    ring = numbers.reshape(-1, 2) / scale
    return np.asarray(ring[:, ::-1] + middle)


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
