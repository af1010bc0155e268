"""Where two runs meet: of a span filled from both ends, which frames are whose."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.propagation import CarriedObject


def meet(
    forward: Mapping[int, CarriedObject], backward: Mapping[int, CarriedObject]
) -> dict[int, CarriedObject]:
    """Join two runs over one span at the frame where both together are trusted most.

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
    up = np.array([_trust(forward, at) for at in positions])
    down = np.array([_trust(backward, at) for at in positions])
    before = np.concatenate([[0], np.cumsum(up)])
    after = np.concatenate([np.cumsum(down[::-1])[::-1], [0]])
    cut = int(np.argmax(before + after))
    runs = [forward] * cut + [backward] * (len(positions) - cut)
    both = zip(positions, runs, strict=True)
    return {at: run[at] for at, run in both if at in run}


def _trust(run: Mapping[int, CarriedObject], at: int) -> float:
    return run[at].confidence if at in run else 0.0
