"""Names of units, as OME-Zarr uses them."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES: Mapping[str, str] = MappingProxyType({
    "um": "micrometer", "µm": "micrometer", "μm": "micrometer", "micron": "micrometer",
    "microns": "micrometer", "nm": "nanometer", "mm": "millimeter", "cm": "centimeter",
    "m": "meter", "metre": "meter", "pm": "picometer", "å": "angstrom",
    "s": "second", "sec": "second", "seconds": "second", "ms": "millisecond",
    "min": "minute", "h": "hour", "inch": "inch", "in": "inch", "degrees": "degree",
    "us survey foot": "foot",
})  # fmt: skip

_SYMBOLS: Mapping[str, str] = MappingProxyType({
    "micrometer": "µm", "nanometer": "nm", "millimeter": "mm", "centimeter": "cm",
    "meter": "m", "kilometer": "km", "picometer": "pm", "angstrom": "Å", "foot": "ft",
    "inch": "in",
})  # fmt: skip


def unit_symbol(text: str) -> str:
    """Return the symbol of a unit, or what was given where it has none."""
    return _SYMBOLS.get(unit_name(text) or text, text)


def unit_name(text: str | None) -> str | None:
    """Return the full name of a unit, or None for a pixel or nothing."""
    plain = (text or "").replace("\\u00B5", "µ").strip().strip("\x00")
    if plain.lower() in ("", "pixel", "pixels", "none", "unknown"):
        return None
    return _NAMES.get(plain.lower(), plain)
