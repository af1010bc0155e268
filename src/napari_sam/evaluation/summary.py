"""Summaries of results: means, medians and confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.evaluation.mask_accuracy import Result

    Measure = Callable[[Result], float]

__all__ = ["GOALS", "Figure", "Summary", "clicks_needed", "differences", "summarise"]

#: IoU that clicks are counted to.
GOALS = (0.8, 0.9)
#: Draws of the bootstrap.
DRAWS = 1000


@dataclass(frozen=True, slots=True)
class Figure:
    """Mean and median of a figure over many objects.

    Attributes
    ----------
    mean, median
        Over the objects.
    low, high
        Where the mean lies in 95 % of bootstrap samples of the images; NaN if there
        are fewer than two images to draw from.
    """

    mean: float
    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Summary:
    """Summary of one model on one group of objects.

    Attributes
    ----------
    model, group
        Its name, and that of the group: a kind of image, a size, or ``all``.
    objects, images, refused
        Number of objects, of their images, and of objects with a prompt that the model
        refused.
    figures
        ``click``, ``best``, ``box``, ``clicks 2`` and on, all IoU; ``to 0.8`` and
        ``to 0.9``, clicks needed.
    missed
        By goal, the share of objects that do not reach it in five clicks.
    """

    model: str
    group: str
    objects: int
    images: int
    refused: int
    figures: Mapping[str, Figure]
    missed: Mapping[float, float]


def measures(clicks: int) -> dict[str, Measure]:
    """Return the measure of every figure by its name, for results of so many clicks."""

    def after(n: int) -> Measure:
        return lambda r: r.clicks[n - 1]

    def to(goal: float) -> Measure:
        return lambda r: clicks_needed(r, goal)

    return {
        "click": lambda r: r.click,
        "best": lambda r: r.best,
        "box": lambda r: r.box,
        **{f"clicks {n}": after(n) for n in range(2, clicks + 1)},
        **{f"to {goal}": to(goal) for goal in GOALS},
    }


def clicks_needed(result: Result, goal: float) -> int:
    """Return the number of clicks to a goal (NoC); where it is never reached, all.

    So do papers on interactive segmentation, which also give the number of failures.
    """
    return result.needed(goal) or len(result.clicks)


def summarise(
    results: Iterable[Result], *, by: Callable[[Result], str] = lambda r: r.kind
) -> list[Summary]:
    """Summarise each model on each group of objects.

    Parameters
    ----------
    results
        Of any number of models.
    by
        Names the group of a result; by default, its kind of image.

    Returns
    -------
    list of Summary
        Models in the order in which they come, groups in alphabetical order.
    """
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in results:
        groups.setdefault((result.model, by(result)), []).append(result)
    models = list(dict.fromkeys(model for model, _ in groups))
    order = sorted(groups, key=lambda key: (models.index(key[0]), key[1]))
    return [_summary(*key, groups[key]) for key in order]


def differences(results: Sequence[Result], model: str, other: str) -> dict[str, Figure]:
    """Return the mean differences in IoU of two models, object by object.

    The objects are the same, so the interval is of the differences: one that does
    not hold 0 is not due to the choice of images.
    """
    mine = {_object_key(r): r for r in results if r.model == model}
    theirs = {_object_key(r): r for r in results if r.model == other}
    both = [(r, theirs[at]) for at, r in mine.items() if at in theirs]
    images = [f"{r.kind}/{r.name}" for r, _ in both]
    return {
        name: _figure([measure(a) - measure(b) for a, b in both], images)
        for name, measure in measures(_clicks(results)).items()
        if both
    }


def _object_key(result: Result) -> tuple[str, str, int]:
    return result.kind, result.name, result.object_id


def _clicks(results: Sequence[Result]) -> int:
    return min((len(r.clicks) for r in results), default=0)


def _summary(model: str, group: str, results: Sequence[Result]) -> Summary:
    images = [f"{r.kind}/{r.name}" for r in results]
    return Summary(
        model,
        group,
        len(results),
        len(set(images)),
        sum(bool(r.refusal) for r in results),
        {
            name: _figure([measure(r) for r in results], images)
            for name, measure in measures(_clicks(results)).items()
        },
        {g: float(np.mean([r.needed(g) is None for r in results])) for g in GOALS},
    )


def _figure(values: Sequence[float], images: Sequence[str]) -> Figure:
    low, high = interval(values, images)
    return Figure(float(np.mean(values)), float(np.median(values)), low, high)


def interval(values: Sequence[float], images: Sequence[str]) -> tuple[float, float]:
    """Return the 95 % bootstrap confidence interval of the mean, ``(low, high)``.

    Whole images are sampled, with replacement: objects of one image are alike, and
    sampling them one by one would give too narrow an interval. Samples are seeded.
    """
    _, image_of = np.unique(np.asarray(images), return_inverse=True)
    counts = np.bincount(image_of)
    if len(counts) < 2:
        return float("nan"), float("nan")
    sums = np.bincount(image_of, weights=np.asarray(values, float))
    samples: NDArray[np.intp] = np.random.default_rng(0).integers(
        len(counts), size=(DRAWS, len(counts))
    )
    means = sums[samples].sum(1) / counts[samples].sum(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)
