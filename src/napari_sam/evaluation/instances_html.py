"""The report of how well all objects are found, as a single HTML page."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.evaluation.html import page, row, section
from napari_sam.evaluation.instance_accuracy import THRESHOLDS
from napari_sam.evaluation.instance_report import instance_rows, instance_table
from napari_sam.evaluation.svg import Series, plot
from napari_sam.evaluation.tables import Table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.evaluation.instance_report import InstanceResult

#: Images that are listed of each kind and method, the worst first.
_WORST = 5
_HOW = (
    "All objects are found without prompts. A found object is right if its IoU with a "
    "true one is above a limit; AP is TP / (TP + FP + FN), as a mean over images. "
    "± is half of the 95 % interval of the mean, over images."
)


def write_instances_html(path: str | Path, results: Sequence[InstanceResult]) -> None:
    """Write a report as HTML: figures, plots and the worst images of each kind.

    Parameters
    ----------
    path
        Ends in ``.html``; it appears complete or not at all.
    results
        At least one, from `iter_evaluate_instances`.
    """
    title = f"{results[0].method}: all objects"
    kinds = sorted({one.kind for one in results})
    groups = [(kind, [one for one in results if one.kind == kind]) for kind in kinds]
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>{_HOW}</p>",
        f'<div class="wide">{instance_table(results).html()}</div>',
        section("Plots", row([_accuracy_plot(kind, some) for kind, some in groups])),
        *(
            section(f"Worst images of {kind}", f'<div class="wide">{worst}</div>')
            for kind, some in groups
            for worst in [_worst_table(kind, some).html()]
        ),
    ]
    with replacing(path) as temporary:
        temporary.write_text(page(title, parts), encoding="utf-8")


def _accuracy_plot(kind: str, results: Sequence[InstanceResult]) -> str:
    """Return the plot of AP over the limit of the IoU, a curve for each method."""
    series = []
    for method in dict.fromkeys(one.method for one in results):
        mine = [one.accuracy.accuracies for one in results if one.method == method]
        means = np.mean(mine, axis=0).tolist()
        points = list(zip(THRESHOLDS.tolist(), means, strict=True))
        series.append(Series(method, points))
    return plot(
        kind,
        series,
        x_title="limit of the IoU",
        y_title="AP",
        x_range=(0.48, 0.97),
        ticks=(0.5, 0.6, 0.7, 0.8, 0.9),
    )


def _worst_table(kind: str, results: Sequence[InstanceResult]) -> Table:
    first = results[0].method
    mine = [one for one in results if one.method == first]
    worst = sorted(mine, key=lambda one: one.accuracy.mean_sa)[:_WORST]
    names = ("image", "objects", "found", "AP50", "mean SA")
    rows = tuple(
        tuple(str(facts[name]) for name in names) for facts in instance_rows(worst)
    )
    return Table(f"Worst images of {kind}", names, rows)
