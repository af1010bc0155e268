"""Calibration: what a pixel and a frame are in units of the world."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot
from types import MappingProxyType
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.io.geo_transform import LON_LAT, reprojected, to_map
from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.io import Image
    from napari_sam.io.geo_transform import Transform

_METRES: Mapping[str, float] = MappingProxyType({
    "picometer": 1e-12, "angstrom": 1e-10, "nanometer": 1e-9, "micrometer": 1e-6,
    "millimeter": 1e-3, "centimeter": 1e-2, "meter": 1.0, "kilometer": 1e3,
    "inch": 0.0254, "foot": 0.3048,
})  # fmt: skip
#: Cosine of the angle between rows and columns from which a grid is not straight.
_SHEAR = 1e-6


@dataclass(frozen=True, slots=True)
class Calibration:
    """Sizes of pixels and the time between frames, with their units.

    Attributes
    ----------
    scale
        Size of a pixel along ``z``, ``y`` and ``x``, and the time from frame to frame
        along ``t``; 1 where it is not known.
    length_unit
        Unit along z, y and x; ``"pixel"`` if no size is known, and ``""`` if only its
        unit is not.
    time_unit
        Unit along t; ``"frame"`` if the time between frames is not known.
    origin
        Position of the middle of the first pixel by axis.
    transform
        From corners of pixels to map coordinates, as of `Image`; instead of `origin`.
    """

    scale: Mapping[str, float] = field(default_factory=dict)
    length_unit: str = "pixel"
    time_unit: str = "frame"
    origin: Mapping[str, float] = field(default_factory=dict)
    transform: Transform | None = None

    @classmethod
    def of(
        cls,
        images: Sequence[Image],
        *,
        scale: Mapping[str, float] | float | None = None,
        units: Mapping[str, str] | str | None = None,
        axes: str = "yx",
    ) -> Self:
        """Find the calibration: what is given first, then what files say.

        Parameters
        ----------
        images
            Labels and their image as files describe them, the former first.
        scale
            Size of a pixel by axis, or one for all of z, y and x.
        units
            Unit by axis, or one for all of z, y and x.
        axes
            Axes of the pictures that are measured: ``yx``, or ``zyx`` for volumes.

        Raises
        ------
        ImageError
            If sizes are no positive numbers, are known along a part of the axes only,
            or have units that do not fit together; if the coordinates are in degrees,
            or lie askew.
        """
        given = dict.fromkeys("zyx", scale) if isinstance(scale, int | float) else scale
        given = dict(given or {})
        _check_given(given)
        named = dict.fromkeys("zyx", units) if isinstance(units, str) else units or {}
        sizes: dict[str, float] = {}
        known: dict[str, str] = {}
        for image in reversed(images):
            sizes |= image.scale
            known |= image.units
        sizes, known = sizes | given, known | dict(named)
        sizes = _without_pixels(sizes, known)
        unit, factors = _common_unit(sizes, known, axes)
        placed = next((i for i in images if i.transform or i.translation), None)
        if unit == "degree":
            raise ImageError(_in_degrees(placed))
        return cls(
            {a: size * factors.get(a, 1) for a, size in sizes.items() if a in "tzyx"},
            unit,
            (unit_name(known.get("t")) or "") if "t" in sizes else "frame",
            *_position(placed, moved=bool({"y", "x"} & set(given)), factors=factors),
        )

    def spacing(self, axes: str) -> tuple[float, ...]:
        """Return the size of a pixel along some axes."""
        return tuple(float(self.scale.get(a, 1)) for a in axes)

    def pixel_area(self, unit: str) -> float:
        """Return the area of a pixel of a plane in the square of a unit.

        Parameters
        ----------
        unit
            As people write it: ``um``, ``um2``, ``µm²``, ``micrometer``, ``m^2``.

        Raises
        ------
        ImageError
            If the size of a pixel is not known in it.
        """
        name = unit_name(unit.strip().rstrip("2²^ ")) or "pixel"
        rows, cols = self.spacing("yx")
        own = self.length_unit
        is_known = own not in ("", "pixel")
        if is_known and name == own:
            return rows * cols
        if name in _METRES and own in _METRES:
            return rows * cols * (_METRES[own] / _METRES[name]) ** 2
        raise ImageError(
            f"Sizes are asked for in {unit!r}, and the size of a pixel is "
            f"{f'in {own}' if is_known else 'not known'}: give sizes in pixels, or an "
            "image that says its scale and unit."
        )

    def positions(
        self, axes: str, pixels: Mapping[str, NDArray[np.float64]]
    ) -> dict[str, NDArray[np.float64]]:
        """Return positions in units of the world, by axis.

        Parameters
        ----------
        axes
            Of the positions: ``yx`` or ``zyx``.
        pixels
            Positions in pixels by axis; the middle of a pixel is a whole number.
        """
        found = {
            a: self.origin.get(a, 0) + pixels[a] * self.scale.get(a, 1) for a in axes
        }
        if self.transform is not None:
            corners = np.column_stack([pixels["y"], pixels["x"]]) + 0.5
            found["x"], found["y"] = to_map(corners, self.transform).T
        return found


def _check_given(scale: Mapping[str, float]) -> None:
    wrong = {
        a: s for a, s in scale.items() if a not in "tzyx" or not 0 < s < float("inf")
    }
    if wrong:
        raise ImageError(
            f"scale={wrong}: expected a positive number for axes of t z y x, such as "
            "scale={'y': 0.2, 'x': 0.2, 't': 300}."
        )


def _without_pixels(
    sizes: Mapping[str, float], units: Mapping[str, str]
) -> dict[str, float]:
    """Leave out sizes of 1 without a unit: those are pixels, and frames."""
    space = [a for a in "zyx" if a in sizes]
    named = {a for a in sizes if unit_name(units.get(a))}
    if all(sizes[a] == 1 for a in space) and not named & set(space):
        sizes = {a: s for a, s in sizes.items() if a not in space}
    own = sizes.get("t") == 1 and "t" not in named
    return {a: s for a, s in sizes.items() if not (a == "t" and own)}


def _common_unit(
    sizes: Mapping[str, float], units: Mapping[str, str], axes: str
) -> tuple[str, dict[str, float]]:
    """Return the unit of lengths, and what sizes along each axis are multiplied by."""
    there = [a for a in axes if a in sizes]
    if not there:
        return "pixel", {}
    lacking = [a for a in axes if a not in sizes]
    if lacking:
        raise ImageError(
            f"The size of a pixel is known along {' and '.join(there)}, and not along "
            f"{' and '.join(lacking)}: give it, as scale={{{lacking[0]!r}: ...}}"
            + ("; or measure by_plane." if lacking == ["z"] else ".")
        )
    own = {a: unit_name(units.get(a)) or "" for a in axes}
    unit = own["x"]
    if set(own.values()) == {unit}:
        return unit, {}
    if not set(own.values()) <= set(_METRES):
        raise ImageError(
            f"The sizes of pixels have the units {own}, which have no common measure: "
            "give one for all, such as units='micrometer'."
        )
    return unit, {a: _METRES[own[a]] / _METRES[unit] for a in axes}


def _position(
    image: Image | None, *, moved: bool, factors: Mapping[str, float]
) -> tuple[dict[str, float], Transform | None]:
    """Return `origin` and `transform`; neither where the sizes are not the file's."""
    if image is None or moved:
        return {}, None
    if image.transform is None:
        shift = {a: t * factors.get(a, 1) for a, t in image.translation.items()}
        return shift, None
    a, b, _, d, e, _ = image.transform
    if abs(a * b + d * e) > _SHEAR * hypot(a, d) * hypot(b, e):
        raise ImageError(
            f"The grid of {image.path} is sheared: its pixels are no rectangles. Warp "
            "it first (gdalwarp), or give scale and units to measure them as such."
        )
    return {}, image.transform


def _in_degrees(image: Image | None) -> str:
    """Return what to do about pixels that have no one size in metres."""
    hint = "a system in metres"
    if image is not None and image.crs and image.transform:
        middle = np.array(image.frames.plane_shape) / 2
        point = to_map(middle[None], image.transform)
        lon, lat = reprojected(point, image.crs, LON_LAT)[0]
        zone = min(int((lon + 180) // 6) + 1, 60)
        hint = f"EPSG:{(32600 if lat >= 0 else 32700) + zone} (UTM)"
    return (
        "The coordinates are in degrees, whose length in metres differs along rows and "
        "columns and from place to place. Warp labels and image first, gdalwarp "
        f"-t_srs {hint}; or give scale and units yourself."
    )
