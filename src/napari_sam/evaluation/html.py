"""The report of an evaluation as a single HTML page."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.atomic_write import replacing
from napari_sam.evaluation.score_calibration import calibrate
from napari_sam.evaluation.svg import Series, plot
from napari_sam.evaluation.tables import all_tables, ranking_line
from napari_sam.io.pictures import encode_picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from napari_sam.evaluation.mask_accuracy import Result
    from napari_sam.evaluation.report import Report
    from napari_sam.evaluation.worst_cases import Case

__all__ = ["page", "row", "section", "write_html"]

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1180px;
  margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.6em; } h2 { margin-top: 2em; border-bottom: 1px solid #ddd; }
table { border-collapse: collapse; margin: .6em 0 1.4em;
  font-variant-numeric: tabular-nums; }
.wide { overflow-x: auto; }
th, td { padding: .25em .8em; text-align: right; white-space: nowrap; }
th { border-bottom: 1px solid #999; font-weight: 600; }
th:first-child, td:first-child { text-align: left; }
tbody tr:nth-child(even) { background: #f6f6f6; }
dl { display: grid; grid-template-columns: max-content auto; gap: .1em 1.2em; }
dt { color: #666; } dd { margin: 0; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: 14px; }
svg text { font: 12px system-ui, sans-serif; fill: #333; }
figure { margin: 0; } figure img { display: block; max-width: 100%; }
figcaption { font-size: .85em; color: #444; }
.truth { border-bottom: 3px solid rgb(255, 200, 0); }
.answer { border-bottom: 3px solid rgb(0, 200, 255); }
""".strip()

_HOW = """
Each object is segmented from one click in its middle, from its tight box, and from up
to five clicks, each in the middle of the largest error so far. Figures are of the mask
that the model ranks first, except for the best of its candidates. ± is half of the 95 %
interval of the mean, from bootstrap samples of whole images; there is none for a single
image. Clicks to an IoU: an object that never reaches it counts with five. A prompt that
the model refused counts as an empty mask.
""".strip()


def write_html(path: str | Path, report: Report, cases: Sequence[Case] = ()) -> None:
    """Write a report as HTML: facts, tables, plots, and pictures of the worst cases.

    Parameters
    ----------
    path
        Ends in ``.html``; it appears complete or not at all.
    report
        Results of the evaluation.
    cases
        From `iter_worst`.
    """
    parts = [
        f"<h1>{escape(report.models[0])}: evaluation of its masks</h1>",
        _facts(report),
        f"<p>{_HOW}</p>",
        *(section(t.title, f'<div class="wide">{t.html()}</div>')
          for t in all_tables(report.results, thorough=True)),
        *(f"<p>{escape(line)}</p>" for m in report.models
          if (line := ranking_line(report.results, m))),
        section("Plots", row(_plots(report))),
        *_worst_cases(cases),
    ]  # fmt: skip
    with replacing(path) as temporary:
        text = page(f"{report.models[0]}: evaluation", parts)
        temporary.write_text(text, encoding="utf-8")


def page(title: str, parts: Sequence[str]) -> str:
    """Return a whole page, in the style of the reports, of parts of HTML."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title>"
        f"<style>{_STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _facts(report: Report) -> str:
    lines = (
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"
        for name, value in report.facts.items()
    )
    return f"<dl>{''.join(lines)}</dl>"


def section(title: str, body: str) -> str:
    """Return a part of a page with its heading."""
    return f"<h2>{escape(title)}</h2>\n{body}"


def row(parts: Sequence[str]) -> str:
    """Return parts side by side."""
    return f'<div class="row">{"".join(parts)}</div>'


def _plots(report: Report) -> list[str]:
    kinds = sorted({r.kind for r in report.results})
    plots = [
        _clicks_plot(kind, [r for r in report.results if r.kind == kind])
        for kind in kinds
    ]
    for model in report.models:
        found = _scores_plot(model, [r for r in report.results if r.model == model])
        plots += [found] if found else []
    return plots


def _clicks_plot(kind: str, results: Sequence[Result]) -> str:
    series = []
    for model, group in groupby(sorted(results, key=lambda r: r.model), _model):
        means = np.mean([r.clicks for r in group], axis=0)
        series.append(Series(model, [(n, float(m)) for n, m in enumerate(means, 1)]))
    order = list(dict.fromkeys(r.model for r in results))
    series.sort(key=lambda s: order.index(s.name))
    most = len(results[0].clicks)
    return plot(
        kind,
        series,
        x_title="clicks",
        y_title="mean IoU",
        x_range=(0.8, most + 0.2),
        ticks=range(1, most + 1),
    )


def _model(result: Result) -> str:
    return result.model


def _scores_plot(model: str, results: Sequence[Result]) -> str:
    series = [
        Series(
            found.prompt,
            [(b.expected, b.reached) for b in found.bins if b.masks],
            [b.masks for b in found.bins if b.masks],
        )
        for found in calibrate(results)
    ]
    if not series:
        return ""
    return plot(
        f"scores of {model}",
        series,
        x_title="predicted IoU (ten bins)",
        y_title="mean IoU reached",
        x_range=(0, 1),
        ticks=(0, 0.2, 0.4, 0.6, 0.8, 1),
        diagonal=True,
    )


def _worst_cases(cases: Sequence[Case]) -> list[str]:
    if not cases:
        return []
    legend = (
        "<p>On the left the image, on the right the same with the "
        '<span class="truth">ground truth</span>, the <span class="answer">predicted '
        "mask</span>, and the prompts: green discs are on the object, red crosses are "
        "not.</p>"
    )
    parts = [section("Worst cases", legend)]
    for (kind, prompted), group in groupby(
        cases, lambda c: (c.result.kind, c.prompted)
    ):
        parts.append(f"<h3>{escape(kind)}, {escape(prompted)}</h3>")
        parts.append(row([_figure(case) for case in group]))
    return parts


def _figure(case: Case) -> str:
    picture = b64encode(encode_picture(case.picture)).decode()
    r = case.result
    refused = f" Refused: {r.refusal}" if r.refusal else ""
    return (
        f'<figure><img alt="" src="data:image/png;base64,{picture}">'
        f"<figcaption>IoU {case.iou:.2f}: {escape(r.name)}, object {r.object_id}, "
        f"{r.diameter:.0f} px wide.{escape(refused)}</figcaption></figure>"
    )
