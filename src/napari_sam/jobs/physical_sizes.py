"""Sizes of objects in units of the world, and in pixels: converted here only."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError
from napari_sam.io.readers.units import unit_symbol
from napari_sam.measurement.calibration import Calibration

if TYPE_CHECKING:
    from napari_sam.automatic.settings import AutomaticSettings, FilterSettings
    from napari_sam.io import Image


def sizes_in_pixels(filters: FilterSettings, image: Image) -> FilterSettings:
    """Return filters whose sizes are in pixels of an image.

    Areas, not diameters: they are what `measure` gives of each object, in the same
    unit, and what a filter compares; a diameter is one of round objects only.

    Raises
    ------
    ImageError
        If sizes have a unit, and the image does not say how large its pixels are.
    """
    if filters.size_unit is None:
        return filters
    area = Calibration.of([image]).pixel_area(filters.size_unit)
    return _scaled(filters, 1 / area, None)


def automatic_in_pixels(settings: AutomaticSettings, image: Image) -> AutomaticSettings:
    """Return settings whose sizes are in pixels of an image: see `sizes_in_pixels`."""
    return replace(settings, filters=sizes_in_pixels(settings.filters, image))


def sizes_in_own_unit(filters: FilterSettings, image: Image) -> FilterSettings:
    """Return filters whose sizes, now in pixels, are in the unit of an image.

    Two digits are kept, for people. An image without a unit, or whose pixels have no
    one size, leaves them as they are.
    """
    try:
        known = Calibration.of([image])
        area = known.pixel_area(known.length_unit)
    except ImageError:
        return filters
    return _scaled(filters, area, known.length_unit, digits=2)


def area_unit(filters: FilterSettings) -> str:
    """Return the unit of sizes, for people: ``px²``, ``µm²``."""
    return f"{unit_symbol(filters.size_unit)}²" if filters.size_unit else "px²"


def _scaled(
    filters: FilterSettings, by: float, unit: str | None, *, digits: int = 17
) -> FilterSettings:
    smallest, largest = (
        None if size is None else float(f"{size * by:.{digits}g}")
        for size in (filters.smallest, filters.largest)
    )
    return replace(filters, smallest=smallest or 0.0, largest=largest, size_unit=unit)
