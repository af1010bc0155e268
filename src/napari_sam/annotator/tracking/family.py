"""Families: objects that came of each other by divisions, laid out as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_sam.session.time_axis import lifetime

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.session.session_state import SessionState


class Branch(NamedTuple):
    """One object of a family.

    Attributes
    ----------
    object_id
        Its number.
    mother
        The object that it came of, or None.
    first, last
        Its first and last time.
    row
        Where it is drawn, from 0; between its daughters.
    divides
        Whether it has daughters.
    """

    object_id: int
    mother: int | None
    first: int
    last: int
    row: float
    divides: bool


def family_of(state: SessionState, object_id: int) -> list[Branch]:
    """Return the family of an object, mothers first; empty without pixels."""
    if not state.footprints.of_object(object_id):
        return []
    mothers = {e.target: e.source for e in state.edges if _is_there(state, e.source)}
    daughters: dict[int, list[int]] = {}
    for daughter, mother in sorted(mothers.items()):
        if _is_there(state, daughter):
            daughters.setdefault(mother, []).append(daughter)
    root = object_id
    while root in mothers:
        root = mothers[root]
    order = _ordered(root, daughters)
    rows = _rows(order, daughters)
    return [
        Branch(i, mothers.get(i), *lifetime(state, i), rows[i], i in daughters)
        for i in order
    ]


def _is_there(state: SessionState, object_id: int) -> bool:
    return bool(state.footprints.of_object(object_id))


def _ordered(root: int, daughters: Mapping[int, list[int]]) -> list[int]:
    """Return a root and all that came of it, each before its daughters."""
    found, waiting = [], [root]
    while waiting:
        one = waiting.pop()
        found.append(one)
        waiting += reversed(daughters.get(one, []))
    return found


def _rows(order: list[int], daughters: Mapping[int, list[int]]) -> dict[int, float]:
    """Return a row for each: one after the other where nobody divides."""
    leaves = [i for i in order if i not in daughters]
    rows = {i: float(row) for row, i in enumerate(leaves)}
    for one in reversed(order):
        if one in daughters:
            below = [rows[i] for i in daughters[one]]
            rows[one] = sum(below) / len(below)
    return rows
