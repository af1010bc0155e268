"""Columns of the tables: their order, and their units."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

#: Columns of a table by name, each of the same length.
Columns: TypeAlias = "dict[str, NDArray[Any]]"

#: Units of columns, by the exponent of length and that of time, or by name.
_UNITS: Mapping[str, tuple[int, int] | str] = MappingProxyType({
    "time": (0, 1), "z": (1, 0), "y": (1, 0), "x": (1, 0),
    "plane": "pixel", "row": "pixel", "col": "pixel",
    "front": "pixel", "top": "pixel", "left": "pixel",
    "back": "pixel", "bottom": "pixel", "right": "pixel",
    "pixels": "pixel", "area": (2, 0), "volume": (3, 0),
    "perimeter": (1, 0), "surface": (2, 0), "equivalent_diameter": (1, 0),
    "axis_major_length": (1, 0), "axis_middle_length": (1, 0),
    "axis_minor_length": (1, 0), "orientation": "radian", "direction": "radian",
    "nearest_distance": (1, 0), "step": (1, 0), "displacement": (1, 0),
    "speed": (1, -1), "first_time": (0, 1), "last_time": (0, 1), "lifetime": (0, 1),
    "path_length": (1, 0), "mean_speed": (1, -1), "growth_rate": (0, -1),
    "division_time": (0, 1), "cycle_time": (0, 1), "lag": (0, 1),
    "mean_squared_displacement": (2, 0),
})  # fmt: skip

#: Columns of an object on a frame, in order; those of intensities come before units.
_ORDER = (
    "object", "frame", "time", "z", "y", "x", "plane", "row", "col",
    "front", "top", "left", "back", "bottom", "right",
    "pixels", "area", "volume", "perimeter", "surface", "equivalent_diameter",
    "axis_major_length", "axis_middle_length", "axis_minor_length",
    "axis_major_z", "axis_major_y", "axis_major_x", "orientation", "eccentricity",
    "solidity", "touches_border", "neighbours", "nearest_distance",
    "step", "displacement", "speed", "direction",
)  # fmt: skip
_LAST = ("length_unit", "time_unit")


def in_order(columns: Iterable[str]) -> list[str]:
    """Return columns in their order."""
    given = list(columns)
    own = [name for name in _ORDER if name in given]
    last = [name for name in _LAST if name in given]
    return [*own, *(n for n in given if n not in {*own, *last}), *last]


def units_of(columns: Iterable[str], length: str, time: str) -> dict[str, str]:
    """Return the unit of each column that has one, such as ``micrometer^2``."""
    found = {}
    for name in columns:
        unit = _UNITS.get(name)
        if isinstance(unit, tuple):
            parts = [_power(length, unit[0]), _power(time, unit[1])]
            unit = " ".join(part for part in parts if part)
        if unit:
            found[name] = unit
    return found


def _power(unit: str, exponent: int) -> str:
    if not unit or not exponent:
        return ""
    return unit if exponent == 1 else f"{unit}^{exponent}"
