"""Small plots as SVG text, without a plotting library."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Point = tuple[float, float]

__all__ = ["COLOURS", "Series", "plot"]

#: Colours that most eyes distinguish (Okabe and Ito 2008).
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
#: Size of the plot, and of its axes, in pixels.
_WIDTH, _LEFT, _TOP, _WIDE, _HIGH = 340, 46, 28, 240, 214


@dataclass(frozen=True, slots=True)
class Series:
    """A line with dots.

    Attributes
    ----------
    name
        For the legend.
    points
        ``(x, y)``; y is from 0 to 1.
    weights
        Relative areas of the dots; all alike if there are none.
    """

    name: str
    points: Sequence[tuple[float, float]]
    weights: Sequence[float] = ()


def plot(
    title: str,
    series: Sequence[Series],
    *,
    x_title: str,
    y_title: str,
    x_range: tuple[float, float],
    ticks: Sequence[float],
    diagonal: bool = False,
) -> str:
    """Return the plot of several series as SVG.

    Parameters
    ----------
    title
        Title above the plot.
    series
        Lines, each with a colour of its own.
    x_title, y_title
        Titles of the axes.
    x_range
        Where the x axis begins and ends; y is from 0 to 1.
    ticks
        Numbers on the x axis.
    diagonal
        Also draw the diagonal.
    """
    frame = _Frame(*x_range)
    height = frame.bottom + 44 + 16 * len(series)
    head = f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">'
    parts = [head, f"<title>{escape(title)}</title>"]
    parts += [_text((_LEFT, 16), title, bold=True)]
    parts += _axes(frame, ticks, x_title, y_title)
    if diagonal:
        parts.append(_line(frame.at(0, 0), frame.at(1, 1), "#999", dashed=True))
    for i, one in enumerate(series):
        colour = COLOURS[i % len(COLOURS)]
        y = frame.bottom + 52 + 16 * i
        parts += _curve(one, [frame.at(*p) for p in one.points], colour)
        parts.append(_line((_LEFT, y - 4), (_LEFT + 18, y - 4), colour))
        parts.append(_text((_LEFT + 24, y), one.name))
    return "\n".join([*parts, "</svg>"])


@dataclass(frozen=True, slots=True)
class _Frame:
    """The axes of a plot: x from `first` to `last`, y from 0 to 1."""

    first: float
    last: float
    bottom: float = _TOP + _HIGH

    def at(self, x: float, y: float) -> Point:
        share = (x - self.first) / (self.last - self.first)
        return _LEFT + share * _WIDE, self.bottom - y * _HIGH


def _axes(
    frame: _Frame, ticks: Sequence[float], x_title: str, y_title: str
) -> list[str]:
    """Return grid lines, tick labels and titles of the axes."""
    parts = []
    for y in (0, 0.2, 0.4, 0.6, 0.8, 1):
        start, stop = frame.at(frame.first, y), frame.at(frame.last, y)
        parts.append(_line(start, stop, "#e4e4e4"))
        parts.append(_text((_LEFT - 6, start[1] + 4), f"{y:g}", anchor="end"))
    for x in ticks:
        tick_at = frame.at(x, 0)[0], frame.bottom + 15
        parts.append(_text(tick_at, f"{x:g}", anchor="middle"))
    middle = _LEFT + _WIDE / 2, frame.bottom + 32
    y_title_at = 12, frame.bottom - _HIGH / 2
    parts.append(_text(middle, x_title, anchor="middle"))
    parts.append(_text(y_title_at, y_title, anchor="middle", turned=True))
    return parts


def _curve(series: Series, at: Sequence[Point], colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in at)
    line = f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    most = max(series.weights, default=1) or 1
    weights = series.weights or [most * 0.3] * len(at)
    dots = [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{1.5 + 5 * (w / most) ** 0.5:.1f}" '
        f'fill="{colour}" fill-opacity="0.7"/>'
        for (x, y), w in zip(at, weights, strict=True)
    ]
    return [line, *dots]


def _line(start: Point, stop: Point, colour: str, *, dashed: bool = False) -> str:
    dashes = ' stroke-dasharray="4 4"' if dashed else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{stop[0]:.1f}" '
        f'y2="{stop[1]:.1f}" stroke="{colour}" stroke-width="1.5"{dashes}/>'
    )


def _text(
    point: Point,
    text: str,
    *,
    anchor: str = "start",
    bold: bool = False,
    turned: bool = False,
) -> str:
    where = f'x="{point[0]:.1f}" y="{point[1]:.1f}"'
    if turned:
        where = f'transform="translate({point[0]:.1f} {point[1]:.1f}) rotate(-90)"'
    weight = ' font-weight="600"' if bold else ""
    return f'<text {where} text-anchor="{anchor}"{weight}>{escape(text)}</text>'
