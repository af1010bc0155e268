"""Which memories an image attends to, and how old each of them is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.protocols import Memory

#: Prompted memories that an image attends to, at most.
_MOST_PROMPTED = 4


class Choice(NamedTuple):
    """Memories that an image attends to, with their ages in frames.

    Attributes
    ----------
    features
        Those whose features are used. Prompted ones have the age 0, whenever they were.
    pointers
        Those whose pointers are used.
    """

    features: list[tuple[int, Memory]]
    pointers: list[tuple[int, Memory]]


def chosen(memories: Sequence[Memory], features: int, pointers: int) -> Choice:
    """Choose memories as the official video predictor does.

    A few prompted ones always count, the nearest on either side among them. Of the
    others those do that lie behind on the way, not too long ago. Pointers of frames
    that lie ahead are not used.

    Parameters
    ----------
    memories
        Of one object, with `frames_ago` set.
    features, pointers
        For how many frames either are of use.

    Raises
    ------
    ModelError
        If there is none to choose.
    """
    prompted = _nearest([m for m in memories if m.prompted])
    rest = [m for m in memories if not any(m is p for p in prompted)]
    way = _way(memories)
    aged = sorted(((m.frames_ago * way, m) for m in rest), key=lambda one: -one[0])
    recent = [(a, m) for a, m in aged if 1 <= a <= features and "features" in m.arrays]
    behind = [(m.frames_ago * way, m) for m in prompted if m.frames_ago * way >= 0]
    choice = Choice(
        [(0, m) for m in prompted] + recent,
        behind + [(a, m) for a, m in reversed(aged) if 1 <= a <= pointers],
    )
    if not choice.features:
        raise ModelError(
            "An object is recalled of which nothing is remembered. Memorize its mask "
            "first, on a frame before or after."
        )
    return choice


def _nearest(prompted: Sequence[Memory]) -> list[Memory]:
    """Return a few prompted memories: the nearest on either side, and then others."""
    near = sorted(prompted, key=lambda m: abs(m.frames_ago))
    sides = (
        [m for m in near if m.frames_ago > 0],
        [m for m in near if m.frames_ago <= 0],
    )
    first = [side[0] for side in sides if side]
    others = [m for m in near if not any(m is one for one in first)]
    return (first + others)[:_MOST_PROMPTED]


def _way(memories: Sequence[Memory]) -> int:
    """Return 1 forward in time and -1 backward, by the memories on the way."""
    going = [m for m in memories if not m.prompted] or list(memories)
    return 1 if any(m.frames_ago > 0 for m in going) else -1
