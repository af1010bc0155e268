"""Tracks in GEFF: a graph of objects that other programs read, and their labels."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing_folder
from napari_sam.core.errors import TrackError
from napari_sam.core.images.frames import Frames
from napari_sam.core.linking import Detection, Link
from napari_sam.core.propagation import Edge
from napari_sam.io.images import read_label_image
from napari_sam.io.readers.geff import read_geff
from napari_sam.io.writers.geff import Graph, write_geff
from napari_sam.io.writers.ome_zarr import write_zarr
from napari_sam.io.writers.replaced_folder import check_replaceable
from napari_sam.tracking.linking.linked_tracks import detections_of, tracks_of_links
from napari_sam.tracking.track_rows import track_rows
from napari_sam.tracking.track_segment import Segment, State
from napari_sam.tracking.tracks import Tracks

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict, JsonValue, UncheckedJson
    from napari_sam.io import Image
    from napari_sam.io.readers.geff import GeffGraph

_GRAPH, _LABELS = "tracks.geff", "segmentation"
#: Under which name our own facts stand among those that GEFF leaves to programs.
_OURS = "napari_sam"


def save_geff(
    path: str | Path,
    tracks: Tracks,
    *,
    like: Image | None = None,
    overwrite: bool = False,
) -> None:
    """Write a zarr of the graph, ``tracks.geff``, beside its labels, ``segmentation``.

    A node is an object at one time. What a graph cannot say (planes of volumes, frames
    on which an object is absent) stands beside it, so that nothing is lost.

    Raises
    ------
    ImageError
        If there is something that is not replaced.
    """
    path = Path(path)
    check_geff_path(path, overwrite=overwrite)
    with replacing_folder(path, overwrite=overwrite) as folder:
        _write(folder, tracks, like)


def check_geff_path(path: Path, *, overwrite: bool) -> None:
    """Refuse a path that is not replaced: there, or with anything but tracks in it.

    Raises
    ------
    ImageError
        If it is one of these.
    """
    ours = re.compile("|".join(map(re.escape, (_GRAPH, _LABELS, "zarr.json"))))
    check_replaceable(path, ours, "no part of tracks", overwrite=overwrite)


def _write(path: Path, tracks: Tracks, like: Image | None) -> None:
    import json

    rows = track_rows(tracks)
    scale = dict(like.scale) if like else {}
    units = dict(like.units) if like else {}
    (path / "zarr.json").write_text(
        json.dumps({"zarr_format": 3, "node_type": "group", "attributes": {}})
    )
    labels = Frames(tracks.labels, tracks.axes)
    write_zarr(path / _LABELS, labels, np.dtype(np.uint32), like, overwrite=False)
    write_geff(
        path / _GRAPH,
        Graph(tracks.axes, rows.columns, rows.edges),
        scale=scale,
        units=units,
        tracklet="track",
        labels=f"../{_LABELS}",
        extra={_OURS: _facts(tracks)},
    )


def _facts(tracks: Tracks) -> JsonDict:
    """Return what the graph cannot say, as columns of each segment."""
    segments: list[JsonValue] = [
        {
            "id": s.id,
            "frames": s.frames.tolist(),
            "states": s.states.tolist(),
            "confidences": s.confidences.tolist(),
            "flags": s.flags.tolist(),
        }
        for s in tracks.segments
    ]
    edges: list[JsonValue] = [[e.source, e.target] for e in tracks.edges]
    return {
        "axis": tracks.axis,
        "next_id": tracks.next_id,
        "segments": segments,
        "edges": edges,
    }


def read_tracks_geff(path: str | Path, labels: Frames | None = None) -> Tracks:
    """Read a graph with its labels.

    A graph that another program has changed is read as it is now.

    Parameters
    ----------
    path
        The zarr, or the group of the graph in it.
    labels
        Label images, if the graph does not say where they are.

    Raises
    ------
    TrackError
        If there are no labels, or a node has no object.
    """
    graph = read_geff(Path(path))
    frames, prop = _labels(graph, labels)
    ours = graph.extra.get(_OURS)
    if ours and labels is None:
        tracks = _own(frames, ours)
        if _same(tracks, graph):
            return tracks
    axis = "t" if "t" in frames.sizes else "z"
    times, numbers = (graph.columns[name].tolist() for name in (axis, prop))
    nodes = [Detection(int(t), int(i)) for t, i in zip(times, numbers, strict=True)]
    where = detections_of(frames, axis)
    _check(nodes, set(where), graph)
    links = [Link(nodes[a], nodes[b]) for a, b in graph.edges.tolist()]
    own = {one: where[one] for one in nodes}
    return tracks_of_links(frames, links, axis=axis, where=own)


def geff_labels(path: Path) -> Path | None:
    """Return where a graph says that its labels are, if they are there."""
    labels = read_geff(path).labels
    return labels[0] if labels and labels[0].exists() else None


def _labels(graph: GeffGraph, labels: Frames | None) -> tuple[Frames, str]:
    prop = graph.labels[1] if graph.labels else graph.tracklet
    named = graph.labels[0] if graph.labels else None
    if labels is None and named is not None and named.exists():
        labels = read_label_image(named, axes=graph.axes or None).frames
    if labels is None or prop is None:
        raise TrackError(
            f"{graph.path} does not say where its labels are, or which of them is "
            "whose: give labels=, whose numbers a property of the nodes names."
        )
    return labels, prop


def _own(frames: Frames, facts: UncheckedJson) -> Tracks:
    segments = [
        Segment(
            s["id"],
            s["frames"],
            np.where(np.asarray(s["states"]) == State.ABSENT, 0, s["id"]),
            states=s["states"],
            confidences=s["confidences"],
            flags=s["flags"],
        )
        for s in facts["segments"]
    ]
    edges = [Edge(a, b) for a, b in facts["edges"]]
    return Tracks(frames, segments, edges, axis=facts["axis"], next_id=facts["next_id"])


def _same(tracks: Tracks, graph: GeffGraph) -> bool:
    """Whether a graph is still that of the tracks that were written with it."""
    rows = _graph_of(tracks)
    names = ("track", tracks.axis)
    nodes = list(zip(*(graph.columns[n].tolist() for n in names), strict=True))
    edges = {(nodes[a], nodes[b]) for a, b in graph.edges.tolist()}
    return (set(nodes), edges) == rows


def _graph_of(
    tracks: Tracks,
) -> tuple[set[tuple[int, int]], set[tuple[tuple[int, int], tuple[int, int]]]]:
    """Nodes and edges of tracks as pairs of id and time, without reading masks."""
    nodes: set[tuple[int, int]] = set()
    edges: set[tuple[tuple[int, int], tuple[int, int]]] = set()
    ends = {}
    for s in tracks.segments:
        times = sorted({tracks.time(f) for f in s.frames[s.present].tolist()})
        own = [(s.id, t) for t in times]
        nodes.update(own)
        edges.update(pairwise(own))
        if own:
            ends[s.id] = own[0], own[-1]
    for e in tracks.edges:
        if e.source in ends and e.target in ends:
            edges.add((ends[e.source][1], ends[e.target][0]))
    return nodes, edges


def _check(nodes: list[Detection], known: set[Detection], graph: GeffGraph) -> None:
    lost = [tuple(one) for one in nodes if one not in known]
    if lost:
        raise TrackError(
            f"{graph.path}: {len(lost)} nodes have no object in the labels, such as "
            f"(time, label) {lost[0]}."
        )
