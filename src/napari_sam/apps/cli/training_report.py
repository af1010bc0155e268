"""The report of ``napari-sam train``: on its data, its steps, and what came of it."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING

from napari_sam.apps.cli.verbosity import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.loop import TrainingReport
    from napari_sam.training.training_data import Data
    from napari_sam.training.weight_share import KeptShare

#: From fewer objects than this, what is learnt is chance.
_FEWEST_LEARNT = 12
#: Figures of fewer objects than this are off by a tenth.
_FEWEST_HELD = 10
#: Seconds between two lines of steps.
_EVERY = 15
_BARS = "▁▂▃▄▅▆▇█"


def report_data(data: Data) -> None:
    """Print how many objects are learnt from, how many measured on, and what is few."""
    images, learnt = _counted(data.sources)
    held_images, held = _counted(data.validation)
    say(f"learning from {_many(learnt, 'object')} in {_many(images, 'image')}")
    if learnt < _FEWEST_LEARNT:
        say(
            f"  That is few: what is learnt from less than {_FEWEST_LEARNT} objects is "
            f"chance. Label {_FEWEST_LEARNT - learnt} more, better in other images."
        )
    if not held:
        say(
            "  Nothing is held back, so nothing will say whether the model got better: "
            "label four objects of an image, or give --validation."
        )
        return
    say(f"measuring on {_many(held, 'object')} in {_many(held_images, 'image')}")
    if held < _FEWEST_HELD:
        say(
            f"  That is few: figures of less than {_FEWEST_HELD} objects are easily "
            "off by 0.1. With more images, more is held back."
        )


def _counted(sources: Sequence[tuple[float, ExampleSource]]) -> tuple[int, int]:
    """Return how many images with objects there are, and how many objects."""
    images = [i for _, s in sources for i in getattr(s, "images", ())]
    counts = [len(image.truth.ids) for image in images]
    return sum(n > 0 for n in counts), sum(counts)


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def print_reports(
    work: Iterable[TrainingReport], *, prints: bool
) -> list[TrainingReport]:
    """Print the loss now and then, and every measurement; return the measurements."""
    printed = start = perf_counter()
    found: list[TrainingReport] = []
    for report in work:
        measured = math.isnan(report.loss)
        found += [report] * measured
        is_due = measured or report.step == report.steps
        is_due |= perf_counter() - printed > _EVERY
        if not (prints and is_due):
            continue
        printed = perf_counter()
        say(
            f"step {report.step} of {report.steps}  "
            + ("validation  " if measured else f"loss {report.loss:.3f}  ")
            + f"IoU {report.first:.3f}, corrected {report.last:.3f}  "
            f"({printed - start:.0f} s)"
        )
    return found


def report_curve(measured: Sequence[TrainingReport]) -> None:
    """Print the curve of scores on held-back images, and why the run ended early."""
    if len(measured) < 2:
        return
    means = [(report.first + report.last) / 2 for report in measured]
    say(f"held back {means[0]:.3f} {curve(means)} {max(means):.3f} at the best")
    last = measured[-1]
    if last.step < last.steps:
        say(f"It ended after {last.step} steps: nothing rose any more.")


def curve(values: Sequence[float]) -> str:
    """Return values as a row of bars, the lowest and the highest of them."""
    low, high = min(values), max(values)
    scale = (len(_BARS) - 1) / ((high - low) or 1.0)
    return "".join(_BARS[round((value - low) * scale)] for value in values)


def report_kept_share(kept: KeptShare | None, begun_with: str) -> None:
    """Print the share of the new weights that was kept, and what it gave and took."""
    if kept is None:
        return
    if not kept.share:
        say(
            f"Nothing that was learnt is better without forgetting the rest, so these "
            f"are the weights of {begun_with} as they were. Label more images."
        )
        return
    say(
        f"{kept.share:.0%} of what was learnt is kept. IoU held back "
        f"{kept.before.held:.3f} → {kept.after.held:.3f}, on drawn scenes "
        f"{kept.before.rest:.3f} → {kept.after.rest:.3f}"
    )
