"""Motion of objects from frame to frame: steps, speeds, mean squared displacement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import TrackError
from napari_sam.io.optional_packages import import_optional
from napari_sam.measurement.columns import units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import NDArray

#: Share of the frames of a movie up to which displacements are averaged.
_SHARE_OF_LAGS = 4


def add_motion(table: pd.DataFrame, axes: str) -> pd.DataFrame:
    """Return a table with the motion of each object since the frame before.

    Parameters
    ----------
    table
        A row for each object and frame.
    axes
        Axes that objects move along, ``yx`` or ``zyx``.
    """
    table = table.copy()
    time, places = table["time"].to_numpy(), positions(table, axes)
    groups = table.groupby("object", sort=False).indices.values()
    step, speed, direction, displacement = np.full((4, len(table)), np.nan)
    for rows in groups:
        rows = rows[np.argsort(time[rows], kind="stable")]
        moved = np.diff(places[rows], axis=0)
        step[rows[1:]] = np.linalg.norm(moved, axis=1)
        speed[rows[1:]] = step[rows[1:]] / np.diff(time[rows])
        still = step[rows[1:]] == 0
        angles = np.arctan2(moved[:, -2], moved[:, -1])
        direction[rows[1:]] = np.where(still, np.nan, angles)
        displacement[rows] = np.linalg.norm(places[rows] - places[rows[0]], axis=1)
    table["step"], table["displacement"] = step, displacement
    table["speed"], table["direction"] = speed, direction
    return table


def mean_squared_displacement(
    objects: pd.DataFrame, *, lags: int | None = None
) -> pd.DataFrame:
    """Return how far objects get in a time, squared and averaged over its beginnings.

    Parameters
    ----------
    objects
        The table of `napari_sam.measure`, of a movie.
    lags
        The longest time, in frames; by default, a quarter of the frames between the
        first and the last of each object, and one at least.

    Returns
    -------
    Table
        A row for each object and lag: ``object``; ``lag_frames``; ``lag``, in the unit
        of time; ``mean_squared_displacement``, in the unit of length squared; and
        ``pairs``, how many it is the mean of.

    Raises
    ------
    TrackError
        If the table has no times, or a lag is less than a frame.

    Examples
    --------
    >>> import napari_sam as sam
    >>> objects = sam.measure(labels, axes="tyx")  # doctest: +SKIP
    >>> sam.mean_squared_displacement(objects)  # doctest: +SKIP
    """
    pandas = import_optional("pandas", "Measuring")
    check_movie(objects)
    if lags is not None and lags < 1:
        raise TrackError(f"lags={lags}: expected a frame or more.")
    axes = axes_of_table(objects)
    found = [
        _displacements(int(number), of_one, axes, lags)
        for number, of_one in objects.groupby("object")
    ]
    columns = ("object", "lag_frames", "lag", "mean_squared_displacement", "pairs")
    rows = [row for part in found for row in part]
    table = pandas.DataFrame(rows, columns=list(columns))
    table.attrs["units"] = units_of(columns, *table_units(objects))
    return table


def _displacements(
    number: int, of_one: pd.DataFrame, axes: str, lags: int | None
) -> Sequence[tuple[int, int, float, float, int]]:
    """Return rows of one object, whose frames may have gaps."""
    frames = of_one["frame"].to_numpy()
    places = np.full((frames.max() - frames.min() + 1, len(axes)), np.nan)
    places[frames - frames.min()] = positions(of_one, axes)
    longest = min(lags or max((len(places) - 1) // _SHARE_OF_LAGS, 1), len(places) - 1)
    interval = _interval(of_one)
    rows = []
    for lag in range(1, longest + 1):
        squares = ((places[lag:] - places[:-lag]) ** 2).sum(1)
        squares = squares[np.isfinite(squares)]
        if len(squares):
            mean = float(squares.mean())
            rows.append((number, lag, lag * interval, mean, len(squares)))
    return rows


def _interval(of_one: pd.DataFrame) -> float:
    """Return the time from frame to frame."""
    frames, times = of_one["frame"].to_numpy(), of_one["time"].to_numpy()
    span = int(frames.max() - frames.min())
    return float(times.max() - times.min()) / span if span else 1.0


def check_movie(objects: pd.DataFrame) -> None:
    """Refuse a table that is not of a movie.

    Raises
    ------
    TrackError
        If columns of motion are missing.
    """
    lacking = [n for n in ("object", "frame", "time", "step") if n not in objects]
    if lacking:
        raise TrackError(
            f"The table has no columns {', '.join(lacking)}: expected that of "
            "napari_sam.measure of labels with the axis t, such as axes='tyx'."
        )


def axes_of_table(objects: pd.DataFrame) -> str:
    """Return the axes that objects of a table move along."""
    return "zyx" if "volume" in objects else "yx"


def positions(table: pd.DataFrame, axes: str) -> NDArray[np.float64]:
    """Return positions ``(n, axes)`` of the rows of a table."""
    return np.asarray(table[list(axes)].to_numpy(), np.float64)


def table_units(objects: pd.DataFrame) -> tuple[str, str]:
    """Return the units of length and of time of a table."""
    found = [
        str(objects[name].iloc[0]) if name in objects and len(objects) else ""
        for name in ("length_unit", "time_unit")
    ]
    return found[0], found[1]
