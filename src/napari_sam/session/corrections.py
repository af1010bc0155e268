"""Corrections of a session as examples that a model learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.session.session import AnnotationSession
    from napari_sam.session.session_state import SessionState

__all__ = [
    "Example",
    "count_corrections",
    "example_windows",
    "iter_examples",
    "split_examples",
]

#: Rows and columns of an example at most: what a model sees at once.
_SIDE = 1024
#: One object of so many is held back.
_HELD_BACK = 4


class Example(NamedTuple):
    """A part of a plane with its objects.

    Attributes
    ----------
    image
        As the model sees it, ``(rows, cols, 3)``, 8 bits.
    labels
        ``(rows, cols)``; only objects that lie in it as a whole.
    """

    image: NDArray[np.uint8]
    labels: NDArray[np.integer]


def count_corrections(state: SessionState) -> int:
    """Return how many masks a person has committed, drawn or approved."""
    return sum(state.is_decided(at) for at in state.footprints)


def iter_examples(session: AnnotationSession) -> Iterator[Example]:
    """Yield the parts of an image that hold what a person has decided, in order.

    What was propagated and nobody looked at teaches nothing: it is left out.
    """
    state, image = session.state, session.image
    rows, cols = image.frames.plane_shape
    for frame in state.footprints.frames:
        here = state.footprints.in_frame(frame)
        decided = {i for i in here if state.is_decided(Address(frame, i))}
        for window in example_windows(rows, cols):
            labels = _whole_objects(state, frame, window, decided)
            if labels.any():
                pixels = image.frames.read(frame, window)
                yield Example(image.appearance.render(pixels), labels)


def split_examples(
    examples: Sequence[Example],
) -> tuple[list[Example], list[Example]]:
    """Split examples into those to learn from and those to be measured on.

    Of many, the last ones are held back, which are other frames or other places; of
    few, the last columns of each. No pixel is in both parts.
    """
    if len(examples) >= _HELD_BACK:
        held = len(examples) // _HELD_BACK
        return list(examples[:-held]), list(examples[-held:])
    parts = [_cut(example) for example in examples]
    return [a for a, _ in parts], [b for _, b in parts]


def _cut(example: Example) -> tuple[Example, Example]:
    """Cut an example where a quarter of its objects lie further to the right."""
    found = np.unique(example.labels[example.labels > 0])
    ends = sorted(int((example.labels == i).any(0).nonzero()[0].max()) for i in found)
    at = ends[-(len(ends) // _HELD_BACK) - 1] + 1
    crossing = np.intersect1d(example.labels[:, at - 1], example.labels[:, at:])
    kept = np.where(np.isin(example.labels, crossing), 0, example.labels)
    return (
        Example(example.image[:, :at], kept[:, :at]),
        Example(example.image[:, at:], kept[:, at:]),
    )


def example_windows(rows: int, cols: int) -> Iterator[Region]:
    """Yield the parts of a plane that are as large as a model sees at once."""
    for top in range(0, rows, _SIDE):
        for left in range(0, cols, _SIDE):
            yield Region(top, left, min(top + _SIDE, rows), min(left + _SIDE, cols))


def _whole_objects(
    state: SessionState, frame: int, window: Region, ids: Collection[int]
) -> NDArray[np.integer]:
    """Return labels of a window, of those objects that have no pixel outside of it."""
    labels = state.labels.read(frame, window)
    found, areas = np.unique(labels, return_counts=True)
    whole = [
        i
        for i, area in zip(found.tolist(), areas, strict=True)
        if i in ids and state.footprints[Address(frame, i)].area == area
    ]
    return np.where(np.isin(labels, whole), labels, 0)
