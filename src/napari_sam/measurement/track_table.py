"""The table of tracks: one row for each object that is followed over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_sam.io.optional_packages import import_optional
from napari_sam.measurement.columns import units_of
from napari_sam.measurement.motion import (
    axes_of_table,
    check_movie,
    positions,
    table_units,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

_COLUMNS = (
    "object", "parent", "daughters", "generation", "frames", "first_frame",
    "last_frame", "first_time", "last_time", "lifetime", "division_time", "cycle_time",
    "path_length", "displacement", "direction", "straightness", "mean_speed",
    "growth_rate", "length_unit", "time_unit",
)  # fmt: skip


class ParentAndChild(Protocol):
    """An edge of a lineage: one object goes on as another."""

    @property
    def source(self) -> int:
        """The parent."""

    @property
    def target(self) -> int:
        """The child segment."""


class Lineage(Protocol):
    """Whatever has edges, as `Tracks` do."""

    @property
    def edges(self) -> Iterable[ParentAndChild]:
        """Divisions and merges."""


def measure_tracks(
    objects: pd.DataFrame, tracks: Lineage | Mapping[int, int] | None = None
) -> pd.DataFrame:
    """Return one row for each object of a movie, from where it appears to its end.

    Parameters
    ----------
    objects
        The table of `napari_sam.measure`, in which an object has one number on all
        frames.
    tracks
        Who is whose parent: `Tracks`, or ``{object: parent}``. By default, nobody
        divides.

    Returns
    -------
    Table
        ``object``; ``parent``, the first of several after a merge, and 0 without one;
        ``daughters``, how many it divides into; ``generation``, 0 without a parent;
        ``frames``, on how many it is; ``first_frame`` and ``last_frame``,
        ``first_time`` and ``last_time``, and ``lifetime`` between them;
        ``division_time``, when its daughters are there first, and ``cycle_time`` from
        its own birth by division till then; ``path_length`` along all steps,
        ``displacement`` from the first position to the last and its ``direction``,
        ``straightness`` as the ratio of both; ``mean_speed``, the path by the lifetime;
        ``growth_rate``, the slope of the logarithm of its area or volume over time.
        What an object does not have is NaN.

    Raises
    ------
    TrackError
        If the table is not of a movie.

    Examples
    --------
    >>> import napari_sam as sam
    >>> objects = sam.measure(tracks, movie, scale=0.2)  # doctest: +SKIP
    >>> sam.measure_tracks(objects, tracks)  # doctest: +SKIP
    """
    pandas = import_optional("pandas", "Measuring")
    check_movie(objects)
    parents = _parents(tracks)
    spans = objects.groupby("object")["time"].agg(["min", "max"])
    births = {int(i): float(t) for i, t in spans["min"].items()}
    rows = [
        _family(int(number), parents, births) | _life(of_one)
        for number, of_one in objects.groupby("object")
    ]
    length, time = table_units(objects)
    table = pandas.DataFrame(rows, columns=list(_COLUMNS))
    table["length_unit"], table["time_unit"] = length, time
    table.attrs["units"] = units_of(_COLUMNS, length, time)
    return table


def _parents(tracks: Lineage | Mapping[int, int] | None) -> dict[int, int]:
    """Return the parent of each object that has one; of a merge, the first."""
    if tracks is None:
        return {}
    if isinstance(tracks, Mapping):
        return {int(child): int(parent) for child, parent in tracks.items() if parent}
    found: dict[int, int] = {}
    for edge in sorted(tracks.edges, key=lambda e: (e.target, e.source)):
        found.setdefault(edge.target, edge.source)
    return found


def _family(
    number: int, parents: Mapping[int, int], births: Mapping[int, float]
) -> dict[str, float]:
    daughters = [child for child, parent in parents.items() if parent == number]
    times = [births[child] for child in daughters if child in births]
    divides = len(daughters) > 1 and bool(times)
    division = min(times) if divides else np.nan
    generation, ancestor = 0, number
    while ancestor in parents and generation <= len(parents):
        generation, ancestor = generation + 1, parents[ancestor]
    return {
        "object": number,
        "parent": parents.get(number, 0),
        "daughters": len(daughters) if divides else 0,
        "generation": generation,
        "division_time": division,
        "cycle_time": division - births[number] if number in parents else np.nan,
    }


def _life(of_one: pd.DataFrame) -> dict[str, float]:
    of_one = of_one.sort_values("time")
    frames, times = of_one["frame"].to_numpy(), of_one["time"].to_numpy()
    places = positions(of_one, axes_of_table(of_one))
    path, lifetime = float(of_one["step"].sum()), float(times[-1] - times[0])
    moved = places[-1] - places[0]
    displacement = float(np.linalg.norm(moved))
    size = of_one["volume" if "volume" in of_one else "area"].to_numpy()
    return {
        "frames": len(frames),
        "first_frame": frames[0],
        "last_frame": frames[-1],
        "first_time": times[0],
        "last_time": times[-1],
        "lifetime": lifetime,
        "path_length": path,
        "displacement": displacement,
        "direction": np.arctan2(moved[-2], moved[-1]) if displacement else np.nan,
        "straightness": displacement / path if path else np.nan,
        "mean_speed": path / lifetime if lifetime else np.nan,
        "growth_rate": _slope(times, np.log(size)),
    }


def _slope(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Return the slope of the line of least squares; NaN for one point."""
    away = x - x.mean()
    square = float((away**2).sum())
    return float((away * (y - y.mean())).sum()) / square if square else float("nan")
