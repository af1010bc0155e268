"""Tables of an evaluation: for a terminal, for a page, for a model card."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from math import isnan
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.evaluation.mask_accuracy import SIZES
from napari_sam.evaluation.score_calibration import calibrate, rank
from napari_sam.evaluation.summary import GOALS, Figure, differences, summarise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam.evaluation.mask_accuracy import Result
    from napari_sam.evaluation.summary import Summary

__all__ = ["Table", "all_tables", "iou_table", "needed_table", "ranking_line"]

_SIZES: Mapping[str, str] = MappingProxyType({
    "small": f"small, under {SIZES['small']:.0f} px wide",
    "medium": f"medium, {SIZES['small']:.0f} to {SIZES['medium']:.0f} px",
    "large": f"large, over {SIZES['medium']:.0f} px",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts; the first column is aligned left, the others right."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def text(self) -> str:
        """Format the table as text, for a terminal."""
        lines = [self.header, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(
            "  ".join(
                cell.ljust(w) if i == 0 else cell.rjust(w)
                for i, (cell, w) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        )

    def markdown(self) -> str:
        """Format the table in Markdown."""
        lines = [self.header, ("---",) * len(self.header), *self.rows]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)

    def html(self) -> str:
        """Format the table in HTML."""
        head = "".join(f"<th>{escape(cell)}</th>" for cell in self.header)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
            for row in self.rows
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def all_tables(results: Sequence[Result], *, thorough: bool = False) -> list[Table]:
    """Return all tables that are not empty: of the first model, then of all.

    Parameters
    ----------
    results
        Of any number of models.
    thorough
        Also tables of medians, and of the clicks that the others need.
    """
    models = list(dict.fromkeys(r.model for r in results))
    mine = [r for r in results if r.model == models[0]]
    kinds, sizes = by_kind(mine), by_size(mine)
    tables = [
        iou_table("Mean IoU", kinds),
        iou_table("Mean IoU by size", sizes),
        needed_table("Clicks needed", kinds),
        calibration_table(mine),
    ]
    if thorough:
        tables.append(iou_table("Median IoU", kinds, _median))
    if len(models) > 1:
        every = by_kind(results)
        tables.append(iou_table("Mean IoU of all models", every))
        if thorough:
            tables.append(needed_table("Clicks needed by all models", every))
        tables.append(difference_table(results))
    return [table for table in tables if table.rows]


def by_kind(results: Sequence[Result]) -> list[Summary]:
    """Summarise each kind of image, and all images where there are several kinds."""
    found = summarise(results)
    if len({s.group for s in found}) > 1:
        found += summarise(results, by=lambda r: "all")
    return sorted(found, key=lambda s: (s.group == "all", s.group))


def by_size(results: Sequence[Result]) -> list[Summary]:
    """Summarise each size of objects, small ones first."""
    order = list(SIZES)
    found = summarise(results, by=lambda r: r.size)
    return sorted(found, key=lambda s: order.index(s.group))


def iou_table(
    title: str,
    summaries: Sequence[Summary],
    cell: Callable[[Figure], str] | None = None,
) -> Table:
    """Return the table of IoU from a click, a box, and several clicks."""
    names = [n for n in summaries[0].figures if not n.startswith("to ")]
    heads = {"click": "1 click", "best": "its best"}
    header = [heads.get(n, " ".join(reversed(n.split()))) for n in names]
    main = ("click", "box", names[-1])

    def write(name: str, figure: Figure) -> str:
        return _mean(figure) if name in main else f"{figure.mean:.3f}"

    rows = [
        (
            *_row_head(s, summaries),
            *(
                cell(f) if cell else write(n, f)
                for n, f in s.figures.items()
                if n in names
            ),
        )
        for s in summaries
    ]
    return Table(title, (*_header_of(summaries), *header), tuple(rows))


def needed_table(title: str, summaries: Sequence[Summary]) -> Table:
    """Return the table of clicks to each goal, and of objects that never reach it."""
    header = [text for g in GOALS for text in (f"to IoU {g}", "not reached")]
    rows = []
    for s in summaries:
        cells = [
            text
            for goal in GOALS
            for text in (_mean(s.figures[f"to {goal}"], 2), f"{s.missed[goal]:.0%}")
        ]
        rows.append((*_row_head(s, summaries), *cells, str(s.refused)))
    return Table(title, (*_header_of(summaries), *header, "refused"), tuple(rows))


def difference_table(results: Sequence[Result]) -> Table:
    """Return the table of differences in IoU between the first model and the others."""
    models = list(dict.fromkeys(r.model for r in results))
    shown = ("click", "best", "box", "clicks 5")
    rows = []
    for other in models[1:]:
        found = differences(results, models[0], other)
        cells = (_signed(found[name]) for name in shown if name in found)
        rows.append((f"{models[0]} over {other}", *cells))
    header = ("on the same objects", "1 click", "its best", "box", "5 clicks")
    return Table("Difference in mean IoU", header, tuple(rows))


def calibration_table(results: Sequence[Result]) -> Table:
    """Return the table of predicted and reached IoU of one model."""
    rows = []
    for found in calibrate(results):
        reached = sum(b.reached * b.masks for b in found.bins if b.masks)
        reached /= sum(b.masks for b in found.bins)
        order = "" if isnan(found.order) else f"{found.order:.2f}"
        expected = reached + found.bias
        cells = (f"{expected:.2f}", f"{reached:.2f}", f"{found.error:.2f}", order)
        rows.append((found.prompt, *cells))
    header = ("prompt", "IoU predicted", "reached", "mean error", "rank correlation")
    return Table("Score calibration", header, tuple(rows))


def ranking_line(results: Sequence[Result], model: str) -> str:
    """Return a sentence on how often a model ranks the best candidate first, if any."""
    found = rank([r for r in results if r.model == model])
    if found is None:
        return ""
    return (
        f"{model} ranks the best candidate of a click first for "
        f"{found.first_is_best:.0%} of the objects; over all, the first is worse than "
        f"the best by an IoU of {found.lost:.3f}."
    )


def _header_of(summaries: Sequence[Summary]) -> tuple[str, ...]:
    what = "size" if summaries[0].group in SIZES else "images"
    several = len({s.model for s in summaries}) > 1
    return (what, "model", "objects") if several else (what, "objects")


def _row_head(summary: Summary, summaries: Sequence[Summary]) -> tuple[str, ...]:
    group = _SIZES.get(summary.group, summary.group)
    several = len({s.model for s in summaries}) > 1
    model = (summary.model,) if several else ()
    return (group, *model, str(summary.objects))


def _median(figure: Figure) -> str:
    return f"{figure.median:.3f}"


def _mean(figure: Figure, digits: int = 3) -> str:
    if isnan(figure.low):
        return f"{figure.mean:.{digits}f}"
    half_width = (figure.high - figure.low) / 2
    return f"{figure.mean:.{digits}f} ± {half_width:.2f}"


def _signed(figure: Figure) -> str:
    return ("+" if figure.mean >= 0 else "") + _mean(figure)
