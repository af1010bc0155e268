"""Tracks in TrackMate's XML: outlines, links and sizes; masks, when read again."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError, TrackError
from napari_sam.core.linking import Detection, Link
from napari_sam.core.propagation import Edge
from napari_sam.io.readers.trackmate import read_trackmate
from napari_sam.io.trackmate import Spot, TrackMateImage
from napari_sam.io.writers.outlines import area, outlines
from napari_sam.io.writers.trackmate import write_trackmate
from napari_sam.tracking.linking.linked_tracks import detections_of, tracks_of_links
from napari_sam.tracking.track_rows import track_rows
from napari_sam.tracking.track_segment import Segment, State
from napari_sam.tracking.trackmate_masks import painted_spots
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.io import Image
    from napari_sam.tracking.track_rows import TrackRows

#: What we know of a spot besides, as TrackMate shows it.
_EXTRA = {
    "SEGMENT": "Segment",
    "LABEL": "Label",
    "CONFIDENCE": "Confidence",
    "STATE": "State",
    "FLAGGED": "Flagged",
}
#: As TrackMate writes units.
_UNITS = {"micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "second": "sec",
          "minute": "min", "hour": "h", "millisecond": "ms"}  # fmt: skip


def save_trackmate(
    path: str | Path,
    tracks: Tracks,
    *,
    like: Image | None = None,
    overwrite: bool = False,
) -> None:
    """Write tracks for TrackMate: a spot for each object and time.

    A spot has the outer ring of the largest part of its mask, so that holes and further
    parts are lost; in volumes it is a ball of the same size. Frames on which a person
    said that an object is absent are left out.

    Raises
    ------
    ImageError
        If the file exists.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise ImageError(
            f"{path} is there already. Give another name, or allow to replace it: "
            "overwrite=True, on the command line --overwrite."
        )
    rows = track_rows(tracks)
    write_trackmate(
        path,
        _image_of(tracks, like),
        _spots(tracks, rows),
        _connected(len(rows.columns["track"]), rows.edges),
        count=len(rows.columns["track"]),
        extra=_EXTRA,
    )


def _image_of(tracks: Tracks, like: Image | None) -> TrackMateImage:
    rows, cols = tracks.source.plane_shape
    sizes = tracks.source.sizes
    scale = dict(like.scale) if like else {}
    units = dict(like.units) if like else {}
    time = tracks.axis
    other = next((a for a in "tz" if a in sizes and a != time), None)
    return TrackMateImage(
        sizes[time],
        sizes[other] if other else 1,
        rows,
        cols,
        {
            "t": scale.get(time, 1.0),
            "z": scale.get(other or "z", 1.0),
            "y": scale.get("y", 1.0),
            "x": scale.get("x", 1.0),
        },
        _unit(units.get("x"), "pixel"),
        _unit(units.get(time), "frame"),
        str(Path(like.path).absolute()) if like and like.path else "",
    )


def _unit(name: str | None, default: str) -> str:
    return _UNITS.get(name, name) if name else default


def _spots(tracks: Tracks, rows: TrackRows) -> Iterator[list[Spot]]:
    """Yield the spots of each time; masks of one time are read at once."""
    columns = rows.columns
    times = columns[tracks.axis].astype(int)
    labels = {
        (int(i), tracks.time(int(f))): int(n)
        for f, n, i in zip(*tracks.table, strict=True)
    }
    at = tracks.axes.index(tracks.axis)
    for time in range(tracks.labels.shape[at]):
        found = np.flatnonzero(times == time).tolist()
        pixels = np.asarray(tracks.labels[(slice(None),) * at + (time,)])
        ids, areas = np.unique(pixels, return_counts=True)
        sizes = dict(zip(ids.tolist(), areas.tolist(), strict=True))
        rings = dict(_rings(pixels)) if found and pixels.ndim == 2 else {}
        some = []
        for at_row in found:
            i = int(columns["track"][at_row])
            plane, row, col = (
                float(columns[a][at_row]) if a in columns and a != tracks.axis else 0.0
                for a in "zyx"
            )
            features = _features(columns, at_row, i, labels[i, time])
            radius = _radius(sizes[i], pixels.ndim)
            some.append(
                Spot(at_row, time, (plane, row, col), radius, rings.get(i), features)
            )
        yield some


def _features(
    columns: Mapping[str, NDArray[np.generic]], row: int, track: int, label: int
) -> dict[str, float]:
    confidence = float(columns["confidence"][row])
    return {
        "QUALITY": confidence,
        "SEGMENT": track,
        "LABEL": label,
        "CONFIDENCE": confidence,
        "STATE": float(columns["state"][row]),
        "FLAGGED": float(columns["flagged"][row]),
    }


def _rings(pixels: NDArray[np.generic]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Yield the outer ring of the largest part of each object, by its number."""
    for number, parts in outlines(pixels):
        shell = max((part.shell for part in parts), key=area)
        yield number, np.asarray(shell[:-1] - 0.5, np.float64)


def _radius(size: int, dimensions: int) -> float:
    """Return the radius of the disc, or the ball, of as many pixels."""
    if dimensions == 2:
        return float(np.sqrt(size / np.pi))
    return float(np.cbrt(0.75 * size / np.pi))


def _connected(
    count: int, edges: NDArray[np.int64]
) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """Return the spots and links of what hangs together; single spots are no track."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not len(edges):
        return []
    graph = coo_array((np.ones(len(edges), bool), tuple(edges.T)), (count, count))
    _, part = connected_components(graph, directed=False)
    links: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
    for a, b in edges.tolist():
        links[int(part[a])].append((a, b))
    return [(np.flatnonzero(part == p).tolist(), own) for p, own in links.items()]


def read_tracks_trackmate(path: str | Path, labels: Frames | None = None) -> Tracks:
    """Read a file of TrackMate.

    Parameters
    ----------
    path
        The file.
    labels
        Label images that the tracks are of, if we wrote the file: then masks are read
        there. By default, masks are what the outlines enclose, or discs.

    Raises
    ------
    TrackError
        If it is no such file, holds no spot, or its labels are others.
    """
    found = read_trackmate(Path(path))
    if not found.spots:
        raise TrackError(f"{path} holds no spot that TrackMate shows.")
    ordered = sorted(found.spots.values(), key=lambda s: (s.frame, s.id))
    if labels is None:
        frames, where = painted_spots(found.image, ordered)
        axis, numbers = "t", {s.id: s.id + 1 for s in ordered}
    else:
        frames, axis = labels, "t" if "t" in labels.sizes else "z"
        numbers = {s.id: int(s.features.get("LABEL", 0)) for s in ordered}
        where = detections_of(frames, axis)
    nodes = {s.id: Detection(s.frame, numbers[s.id]) for s in ordered}
    _check(path, nodes, where)
    links = [Link(nodes[a], nodes[b]) for a, b in found.links]
    own = {one: where[one] for one in nodes.values()}
    tracks = tracks_of_links(frames, links, axis=axis, where=own)
    return _with_features(tracks, {nodes[s.id]: s for s in ordered})


def sizes_of_trackmate(path: Path) -> tuple[dict[str, float], dict[str, str]]:
    """Return the pixel sizes of a file of TrackMate and their units, by axis."""
    image = read_trackmate(path).image
    names = {short: long for long, short in _UNITS.items()}
    space = names.get(image.space_unit, image.space_unit)
    time = names.get(image.time_unit, image.time_unit)
    units = dict.fromkeys("zyx", space) if space not in ("pixel", "pixels") else {}
    scale = {a: image.size(a) for a in "zyx"} if units else {}
    if time not in ("frame", "frames"):
        units["t"], scale["t"] = time, image.size("t")
    return scale, units


def _check(
    path: str | Path, nodes: Mapping[int, Detection], where: Mapping[Detection, object]
) -> None:
    lost = [tuple(one) for one in nodes.values() if one not in where]
    if lost:
        raise TrackError(
            f"{path}: {len(lost)} spots have no object in the labels, such as (time, "
            f"label) {lost[0]}. Are the tracks of these labels?"
        )


def _with_features(tracks: Tracks, spots: Mapping[Detection, Spot]) -> Tracks:
    """Return tracks with what we wrote of each spot, and our ids where they still fit.

    Somebody may have cut and joined in TrackMate: then segments are numbered anew.
    """
    features = {
        s.id: [
            spots[Detection(tracks.time(int(f)), int(n))].features
            for f, n in zip(s.frames, s.labels, strict=True)
        ]
        for s in tracks.segments
    }
    ids = {i: {int(f.get("SEGMENT", 0)) for f in own} for i, own in features.items()}
    known = {i: own.pop() for i, own in ids.items() if len(own) == 1}
    fits = len(set(known.values())) == len(ids) and 0 not in known.values()
    new = known if fits else {i: i for i in ids}
    segments = [_segment(s, new[s.id], features[s.id]) for s in tracks.segments]
    edges = [Edge(new[e.source], new[e.target]) for e in tracks.edges]
    return Tracks(tracks.source, segments, edges, axis=tracks.axis)


def _segment(
    segment: Segment, id: int, features: Sequence[Mapping[str, float]]
) -> Segment:
    states = [int(f.get("STATE", State.PROPAGATED)) for f in features]
    absent = [state == State.ABSENT for state in states]
    return Segment(
        id,
        segment.frames,
        segment.labels,
        states=np.where(absent, State.PROPAGATED, states),
        confidences=[f.get("CONFIDENCE", 1.0) for f in features],
        flags=[f.get("FLAGGED", 0.0) > 0 for f in features],
    )
