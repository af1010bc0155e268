"""Confidence: the estimated IoU of a propagated mask, from evidence in the image."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from napari_sam.tracking.bodies import IN_A_ROW

#: Confidence of a mask that covers two bodies, at most.
_OF_TWO = 0.45


class Evidence(NamedTuple):
    """Evidence of how right the mask of an object on a frame is.

    Attributes
    ----------
    score
        The model's own estimate of the IoU; 0 where it was not asked.
    agreement
        IoU of the mask with where it was expected.
    area_change
        Logarithm of its area over that on the frame before.
    residual
        How unlike what it covers is to what it covered before, from 0.
    age
        Frames since a person said where the object is.
    before
        Confidence on the frame before.
    bodies
        On how many frames in a row the mask has covered two bodies.
    """

    score: float
    agreement: float
    area_change: float
    residual: float
    age: int
    before: float
    bodies: int = 0


class Judge(Protocol):
    """What estimates the IoU of a mask with the true one."""

    def __call__(self, evidence: Evidence) -> float:
        """Return the estimate, 0 to 1."""


def judge(evidence: Evidence) -> float:
    """Return the confidence of a mask: that of the frame before, less by the evidence.

    A mask is hardly ever better than the one that it was propagated from. What is lost
    on a frame grows with the doubt of the model, with the disagreement with motion, and
    with a sudden change of area. Where a mask covers two bodies, as after a division
    that nobody has told of, hardly half of it is either.
    """
    doubt = 0.5 * (1 - evidence.score) + 0.3 * (1 - evidence.agreement)
    doubt += 0.2 * min(abs(evidence.area_change), 1.0)
    doubt += 0.2 * min(evidence.residual, 1.0)
    kept = evidence.before * float(np.exp(-0.25 * doubt))
    most = _OF_TWO if evidence.bodies >= IN_A_ROW else 1.0
    return min(max(0.5 * kept + 0.5 * min(kept, evidence.score + 0.2), 0.0), most)
