"""Calibration of scores: predicted IoU compared with the IoU that is reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.evaluation.mask_accuracy import Result

__all__ = ["Bin", "CandidateRanking", "ScoreCalibration", "calibrate", "rank"]

#: Bins of the expected IoU.
BINS = 10


@dataclass(frozen=True, slots=True)
class Bin:
    """Masks with about the same predicted IoU; NaN where there are none."""

    low: float
    high: float
    masks: int
    expected: float
    reached: float


@dataclass(frozen=True, slots=True)
class ScoreCalibration:
    """Expected and reached IoU of one kind of prompt.

    Attributes
    ----------
    prompt
        ``one click``, ``box``, or ``further clicks``.
    bins
        Ten, over the expected IoU.
    error
        Mean distance between expected and reached IoU.
    bias
        Mean of expected minus reached: below 0, scores are too low.
    order
        Spearman's rank correlation of the two; NaN if one of them never changes.
    """

    prompt: str
    bins: tuple[Bin, ...]
    error: float
    bias: float
    order: float


@dataclass(frozen=True, slots=True)
class CandidateRanking:
    """How well a model ranks the candidates of a single click.

    Attributes
    ----------
    first_is_best
        Share of the objects of which no candidate is better than the first.
    lost
        Mean IoU between the best candidate and the first.
    """

    first_is_best: float
    lost: float


def calibrate(results: Iterable[Result]) -> list[ScoreCalibration]:
    """Compare predicted and reached IoU of one model, for each kind of prompt.

    Scores that are always the same, as of the classical tools, have no calibration.
    """
    pairs: dict[str, list[tuple[float, float]]] = {}
    for r in results:
        clicks = list(zip(r.click_scores, r.clicks, strict=True))
        pairs.setdefault("one click", []).append(clicks[0])
        pairs.setdefault("box", []).append((r.box_score, r.box))
        pairs.setdefault("further clicks", []).extend(clicks[1:])
    if len({score for those in pairs.values() for score, _ in those}) < 2:
        return []
    return [_calibration(prompt, those) for prompt, those in pairs.items() if those]


def rank(results: Sequence[Result]) -> CandidateRanking | None:
    """Evaluate the ranking of one model's candidates; None if it never has several."""
    several = [r for r in results if len(r.candidates) > 1]
    if not several:
        return None
    lost = [r.best - r.candidates[0] for r in several]
    return CandidateRanking(
        float(np.mean([d <= 0 for d in lost])), float(np.mean(lost))
    )


def _calibration(prompt: str, pairs: Sequence[tuple[float, float]]) -> ScoreCalibration:
    expected, reached = np.asarray(pairs, float).T
    bins = np.clip((expected * BINS).astype(int), 0, BINS - 1)
    varied = np.ptp(expected) > 0 and np.ptp(reached) > 0
    order = float(stats.spearmanr(expected, reached)[0]) if varied else float("nan")
    made = []
    for i in range(BINS):
        mine = bins == i
        means = (float(v[mine].mean()) if mine.any() else float("nan")
                 for v in (expected, reached))  # fmt: skip
        made.append(Bin(i / BINS, (i + 1) / BINS, int(mine.sum()), *means))
    away = expected - reached
    return ScoreCalibration(
        prompt, tuple(made), float(np.abs(away).mean()), float(away.mean()), order
    )
