"""Plots of measurements: a column against time, or against another column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.optional_packages import import_optional

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

#: Columns along which the rows of an object are joined by a line.
ALONG_TIME = ("time", "frame", "lag", "lag_frames")


def plot_measurements(
    table: pd.DataFrame, y: str = "area", x: str = "time", *, axes: Axes | None = None
) -> Axes:
    """Plot a column of a table against another, a point for each row.

    Over time, the points of each object are joined by a line.

    Parameters
    ----------
    table
        As `napari_sam.measure` and the functions beside it give it.
    y, x
        Names of columns of numbers.
    axes
        Axes of matplotlib to draw into; by default, those of a new figure.

    Returns
    -------
    The axes. As the last line of a cell they are shown as a picture.

    Raises
    ------
    ImageError
        If there is no such column of numbers.
    MissingPackageError
        If matplotlib is not installed.

    Examples
    --------
    >>> import napari_sam as sam
    >>> objects = sam.measure(labels, axes="tyx")  # doctest: +SKIP
    >>> sam.plot_measurements(objects, "area").figure  # doctest: +SKIP
    """
    if axes is None:
        figures = import_optional("matplotlib.figure", "Plotting")
        from napari_sam.measurement.displayed_axes import DisplayedAxes

        figure = figures.Figure(layout="constrained")
        axes = figure.add_subplot(axes_class=DisplayedAxes)
    points = points_of(table, y, x)
    if x in ALONG_TIME and "object" in table:
        _draw_lines(axes, points, table["object"].to_numpy())
    else:
        axes.scatter(points[:, 0], points[:, 1], s=9)
    axes.set(xlabel=axis_label(table, x), ylabel=axis_label(table, y))
    return axes


def points_of(table: pd.DataFrame, y: str, x: str) -> NDArray[np.float64]:
    """Return the points ``(rows, 2)`` of a plot, x first."""
    numbers = numeric_columns(table)
    lacking = [name for name in (y, x) if name not in numbers]
    if lacking:
        raise ImageError(
            f"The table has no numbers named {lacking[0]!r}; it has "
            f"{', '.join(numbers)}."
        )
    return np.asarray(table[[x, y]].to_numpy(np.float64))


def numeric_columns(table: pd.DataFrame) -> list[str]:
    """Return the columns that can be plotted."""
    return [str(name) for name in table.select_dtypes(["number", "bool"]).columns]


def axis_label(table: pd.DataFrame, name: str) -> str:
    """Return the name of a column with its unit."""
    unit = table.attrs.get("units", {}).get(name, "")
    return f"{name} [{unit}]" if unit else name


def _draw_lines(
    axes: Axes, points: NDArray[np.float64], objects: NDArray[np.integer]
) -> None:
    for number in np.unique(objects):
        own = points[objects == number]
        x, y = own[np.argsort(own[:, 0], kind="stable")].T
        axes.plot(x, y, marker=".", markersize=4, linewidth=1)
