"""Where two runs meet: of a span filled from both ends, which frames are whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.propagation import PropagatedObject


def meet(
    forward: Mapping[int, PropagatedObject], backward: Mapping[int, PropagatedObject]
) -> dict[int, PropagatedObject]:
    """Join two runs over one span at the frame where both together are trusted most.

    Where one run begins, it is next to a frame that a person decided, and the other run
    arrives: the pixels in which they differ there are those that the other has wrong.
    In between, it is taken to gather them evenly, so that the mask of a small object
    is soon worth less than that of a large one. Where both differ in size, the smaller
    one is worth less again, by the square root of that: a run keeps the size that it
    began with, and most objects are nearer to the larger one until next to their end.

    Parameters
    ----------
    forward, backward
        The object by position, going up from the first anchor and down from the last.

    Returns
    -------
    dict
        Forward up to some position, backward from the next on.
    """
    positions = sorted({*forward, *backward})
    first, last = positions[0], positions[-1]
    ups, downs = _areas(forward, positions), _areas(backward, positions)
    largest = np.maximum(np.maximum(ups, downs), 1)
    up = _trust(ups, _difference(forward, backward, last)) * np.sqrt(ups / largest)
    arriving = _trust(downs[::-1], _difference(forward, backward, first))
    back = arriving * np.sqrt(downs / largest)[::-1]
    down = back[::-1]
    before = np.concatenate([[0], np.cumsum(up)])
    after = np.concatenate([np.cumsum(down[::-1])[::-1], [0]])
    cut = int(np.argmax(before + after))
    runs = [forward] * cut + [backward] * (len(positions) - cut)
    both = zip(positions, runs, strict=True)
    return {at: run[at] for at, run in both if at in run}


def _difference(
    forward: Mapping[int, PropagatedObject],
    backward: Mapping[int, PropagatedObject],
    at: int,
) -> int:
    """Pixels that only one of both runs has at an end of the span."""
    areas = [run[at].mask.area for run in (forward, backward) if at in run]
    if len(areas) < 2:
        return sum(areas)
    return sum(areas) - 2 * (forward[at].mask & backward[at].mask).area


def _areas(
    run: Mapping[int, PropagatedObject], positions: list[int]
) -> NDArray[np.int64]:
    """Return the pixels of a run at each position, 0 where it is not there."""
    return np.array([run[at].mask.area if at in run else 0 for at in positions])


def _trust(areas: NDArray[np.int64], wrong: int) -> NDArray[np.float64]:
    """Return the expected IoU of a run along positions in its own order."""
    along = np.linspace(0, 1, len(areas))
    return np.asarray(areas / np.maximum(areas + wrong * along, 1))
