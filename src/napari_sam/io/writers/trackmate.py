"""Writer of TrackMate's XML, as TrackMate 7 saves it: spots, tracks, and the image."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

import numpy as np

from napari_sam.core.atomic_write import replacing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from napari_sam.io.trackmate import Spot, TrackMateImage

    Attributes = Mapping[str, object]
    #: Spots and links of each track.
    Tracks = Sequence[tuple[Sequence[int], Sequence[tuple[int, int]]]]

_VERSION = "7.11.1"
#: Name, dimension, and whether it is a whole number, of the features of spots.
_SPOT = {
    "QUALITY": ("Quality", "QUALITY", False),
    "POSITION_X": ("X", "POSITION", False),
    "POSITION_Y": ("Y", "POSITION", False),
    "POSITION_Z": ("Z", "POSITION", False),
    "POSITION_T": ("T", "TIME", False),
    "FRAME": ("Frame", "NONE", True),
    "RADIUS": ("Radius", "LENGTH", False),
    "VISIBILITY": ("Visibility", "NONE", True),
}
_EDGE = {
    "SPOT_SOURCE_ID": ("Source spot ID", "NONE", True),
    "SPOT_TARGET_ID": ("Target spot ID", "NONE", True),
    "LINK_COST": ("Edge cost", "COST", False),
}
_TRACK = {
    "TRACK_INDEX": ("Track index", "NONE", True),
    "TRACK_ID": ("Track ID", "NONE", True),
    "NUMBER_SPOTS": ("Number of spots in track", "NONE", True),
}


def write_trackmate(
    path: Path,
    image: TrackMateImage,
    spots: Iterable[Sequence[Spot]],
    tracks: Tracks,
    *,
    count: int,
    extra: Mapping[str, str],
) -> None:
    """Write a file that TrackMate opens.

    Parameters
    ----------
    path
        The file; what is there is replaced once the new one is whole.
    image
        What the spots are of.
    spots
        Those of each frame, in order; frames are written as they come.
    tracks
        Ids of the spots, and links from spot to spot, of what hangs together.
    count
        Of all spots.
    extra
        Names, for people, of the features of spots that TrackMate does not know.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        xml = _Xml(file.write)
        with xml.inside("TrackMate", version=_VERSION):
            with xml.inside(
                "Model", spatialunits=image.space_unit, timeunits=image.time_unit
            ):
                _declare(xml, extra)
                _write_spots(xml, image, spots, count)
                _write_tracks(xml, tracks)
            _write_settings(xml, image)
            xml.one("GUIState", state="ConfigureViews")
            xml.one("DisplaySettings", text="{}")


class _Xml:
    """Elements written one after another."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._out = XMLGenerator(_Stream(write), "UTF-8", short_empty_elements=True)
        self._out.startDocument()
        self._depth = 0

    @contextmanager
    def inside(self, tag: str, /, **attributes: object) -> Iterator[None]:
        """Write an XML element around what is written meanwhile."""
        self._begin(tag, attributes)
        self._depth += 1
        yield
        self._depth -= 1
        self._out.characters("\n" + "  " * self._depth)
        self._out.endElement(tag)

    def one(self, tag: str, /, *, text: str = "", **attributes: object) -> None:
        """Write an element that holds nothing but text."""
        self._begin(tag, attributes)
        if text:
            self._out.characters(text)
        self._out.endElement(tag)

    def _begin(self, tag: str, attributes: Attributes) -> None:
        self._out.characters("\n" + "  " * self._depth)
        given = AttributesImpl({k: str(v) for k, v in attributes.items()})
        self._out.startElement(tag, given)


class _Stream:
    """What `XMLGenerator` uses of a text file; the file encodes."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write

    def write(self, data: bytes | str) -> None:
        """Write text, encoded or not."""
        self._write(data.decode("utf-8") if isinstance(data, bytes) else data)


def _declare(xml: _Xml, extra: Mapping[str, str]) -> None:
    own = {name: (words, "NONE", False) for name, words in extra.items()}
    groups = {
        "SpotFeatures": _SPOT | own,
        "EdgeFeatures": _EDGE,
        "TrackFeatures": _TRACK,
    }
    with xml.inside("FeatureDeclarations"):
        for group, features in groups.items():
            with xml.inside(group):
                for feature, (name, dimension, whole) in features.items():
                    xml.one(
                        "Feature",
                        feature=feature,
                        name=name,
                        shortname=name,
                        dimension=dimension,
                        isint=str(whole).lower(),
                    )


def _write_spots(
    xml: _Xml, image: TrackMateImage, spots: Iterable[Sequence[Spot]], count: int
) -> None:
    with xml.inside("AllSpots", nspots=count):
        for frame, some in enumerate(spots):
            with xml.inside("SpotsInFrame", frame=frame):
                for spot in some:
                    _write_spot(xml, image, spot)


def _write_spot(xml: _Xml, image: TrackMateImage, spot: Spot) -> None:
    plane, row, col = spot.position
    high, wide = image.size("y"), image.size("x")
    ring = np.zeros((0, 2))
    if spot.outline is not None:
        ring = (spot.outline[:, ::-1] - (col, row)) * (wide, high)
    xml.one(
        "Spot",
        text=" ".join(f"{x:.6g}" for x in ring.ravel().tolist()),
        ID=spot.id,
        name=f"ID{spot.id}",
        QUALITY=f"{spot.features.get('QUALITY', 1.0):.6g}",
        POSITION_X=repr(col * wide),
        POSITION_Y=repr(row * high),
        POSITION_Z=repr(plane * image.size("z")),
        POSITION_T=repr(spot.frame * image.size("t")),
        FRAME=spot.frame,
        RADIUS=f"{spot.radius * wide:.6g}",
        VISIBILITY=1,
        ROI_N_POINTS=len(ring),
        **{k: f"{v:.9g}" for k, v in spot.features.items() if k != "QUALITY"},
    )


def _write_tracks(xml: _Xml, tracks: Tracks) -> None:
    with xml.inside("AllTracks"):
        for i, (spots, links) in enumerate(tracks):
            with xml.inside(
                "Track",
                name=f"Track_{i}",
                TRACK_INDEX=i,
                TRACK_ID=i,
                NUMBER_SPOTS=len(spots),
            ):
                for a, b in links:
                    xml.one(
                        "Edge", SPOT_SOURCE_ID=a, SPOT_TARGET_ID=b, LINK_COST="-1.0"
                    )
    with xml.inside("FilteredTracks"):
        for i in range(len(tracks)):
            xml.one("TrackID", TRACK_ID=i)


def _write_settings(xml: _Xml, image: TrackMateImage) -> None:
    """Write which image the spots are of, and that nothing is left out of it."""
    file = Path(image.file)
    with xml.inside("Settings"):
        xml.one(
            "ImageData",
            filename=file.name,
            folder=f"{file.parent}/" if image.file else "",
            width=image.cols,
            height=image.rows,
            nslices=image.planes,
            nframes=image.frames,
            pixelwidth=image.size("x"),
            pixelheight=image.size("y"),
            voxeldepth=image.size("z"),
            timeinterval=image.size("t"),
        )
        sizes = {"x": image.cols, "y": image.rows, "z": image.planes, "t": image.frames}
        starts = {f"{axis}start": 0 for axis in sizes}
        ends = {f"{axis}end": size - 1 for axis, size in sizes.items()}
        xml.one("BasicSettings", text="", **starts, **ends)
        xml.one("DetectorSettings", DETECTOR_NAME="MANUAL_DETECTOR", RADIUS=1.0)
        xml.one("InitialSpotFilter", feature="QUALITY", value=0.0, isabove="true")
        xml.one("SpotFilterCollection")
        xml.one("TrackerSettings", TRACKER_NAME="MANUAL_TRACKER")
        xml.one("TrackFilterCollection")
        with xml.inside("AnalyzerCollection"):
            for name in ("SpotAnalyzers", "EdgeAnalyzers", "TrackAnalyzers"):
                xml.one(name)
