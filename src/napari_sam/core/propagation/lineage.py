"""Edges between segments: divisions and merges, and what makes them valid."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.errors import TrackError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True, order=True)
class Edge:
    """The object of segment `source` goes on as, or as part of, segment `target`."""

    source: int
    target: int


def divisions(edges: Iterable[Edge]) -> dict[int, tuple[int, ...]]:
    """Return the daughters of each segment that divides."""
    found = _targets(edges)
    return {mother: ids for mother, ids in found.items() if len(ids) > 1}


def merges(edges: Iterable[Edge]) -> dict[int, tuple[int, ...]]:
    """Return the segments that each segment was merged from."""
    found = _sources(edges)
    return {merged: ids for merged, ids in found.items() if len(ids) > 1}


def whole_events(edges: Iterable[Edge]) -> list[Edge]:
    """Return edges without those of divisions and merges with one branch left."""
    given = list(edges)
    sources = Counter(e.source for e in given)
    targets = Counter(e.target for e in given)
    return [e for e in given if sources[e.source] > 1 or targets[e.target] > 1]


def check_lineage(
    edges: Iterable[Edge], spans: Mapping[int, tuple[int, int]]
) -> tuple[Edge, ...]:
    """Return edges in order, if they are a lineage.

    Parameters
    ----------
    edges
        From segment to segment.
    spans
        First and last time of each segment, by its id.

    Raises
    ------
    TrackError
        If a segment is unknown; if a division has one daughter or a daughter with
        other parents; if a merge has one source or a source that goes on elsewhere; if
        a segment begins before the one that it comes from has ended.
    """
    ordered = tuple(sorted(set(edges)))
    for edge in ordered:
        _check_times(edge, spans)
    targets, sources = _targets(ordered), _sources(ordered)
    for edge in ordered:
        daughters, parents = targets[edge.source], sources[edge.target]
        if (len(daughters) > 1) == (len(parents) > 1):
            raise TrackError(_neither(edge, daughters, parents))
    return ordered


def _check_times(edge: Edge, spans: Mapping[int, tuple[int, int]]) -> None:
    unknown = [i for i in (edge.source, edge.target) if i not in spans]
    if unknown:
        raise TrackError(f"{edge} names segment {unknown[0]}, which is not there.")
    if spans[edge.target][0] <= spans[edge.source][1]:
        raise TrackError(
            f"Segment {edge.target} begins at {spans[edge.target][0]}, before segment "
            f"{edge.source}, from which it comes, ended at {spans[edge.source][1]}."
        )


def _neither(edge: Edge, daughters: tuple[int, ...], parents: tuple[int, ...]) -> str:
    if len(daughters) == 1:
        return (
            f"Segment {edge.target} is the only one that segment {edge.source} goes "
            "on as: a division has two daughters or more. Join the two, or remove "
            "the edge."
        )
    return (
        f"Segment {edge.source} divides into {daughters}, and {edge.target} has the "
        f"parents {parents}: a daughter has one parent."
    )


def _targets(edges: Iterable[Edge]) -> dict[int, tuple[int, ...]]:
    return _grouped((e.source, e.target) for e in edges)


def _sources(edges: Iterable[Edge]) -> dict[int, tuple[int, ...]]:
    return _grouped((e.target, e.source) for e in edges)


def _grouped(pairs: Iterable[tuple[int, int]]) -> dict[int, tuple[int, ...]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for key, value in sorted(pairs):
        found[key].append(value)
    return {key: tuple(values) for key, values in found.items()}
