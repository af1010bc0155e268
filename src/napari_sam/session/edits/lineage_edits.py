"""Edits of the lineage: which objects divide and merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.propagation.lineage import Edge, whole_events
from napari_sam.session.edits.edit import LineageEdit

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from napari_sam.session.edits.edit import Edit
    from napari_sam.session.session_state import SessionState


def set_edges(state: SessionState, edges: Iterable[Edge]) -> Iterator[Edit]:
    """Replace the edges; of a division or merge with one branch left, none stays."""
    after = frozenset(whole_events(edges))
    removed, added = state.edges - after, after - state.edges
    if removed or added:
        yield LineageEdit(tuple(sorted(removed)), tuple(sorted(added)))


def without_edges_of(state: SessionState, object_id: int) -> Iterator[Edit]:
    """Remove the edges from and to an object."""
    yield from set_edges(
        state, [e for e in state.edges if object_id not in (e.source, e.target)]
    )


def without_daughters(state: SessionState, object_id: int) -> Iterator[Edit]:
    """Remove the edges from an object: it ends before it divides."""
    yield from set_edges(state, [e for e in state.edges if e.source != object_id])


def without_parents(state: SessionState, object_id: int) -> Iterator[Edit]:
    """Remove the edges to an object: it begins after its mother divides."""
    yield from set_edges(state, [e for e in state.edges if e.target != object_id])


def handed_on(state: SessionState, heirs: Mapping[int, int]) -> list[Edge]:
    """Return the edges; what came of some objects comes of others."""
    return [Edge(heirs.get(e.source, e.source), e.target) for e in state.edges]
