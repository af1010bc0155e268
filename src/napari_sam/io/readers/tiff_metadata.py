"""Metadata of TIFFs: pixel sizes, units and names of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree

from napari_sam.io.readers.units import unit_name
from napari_sam.io.saved_labels import is_ours

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tifffile import TiffFile

    from napari_sam.io.readers.image import PixelMetadata


def metadata_of_tiff(tiff: TiffFile) -> PixelMetadata:
    """Return pixel sizes, units and channel names of a TIFF, as far as it has them."""
    if tiff.ome_metadata:
        return _ome(tiff.ome_metadata)
    if tiff.imagej_metadata:
        return _imagej(tiff, tiff.imagej_metadata)
    if is_ours(tiff) and tiff.shaped_metadata:
        return _plain(tiff.shaped_metadata[0])
    return {}


def _plain(described: Mapping[str, object]) -> PixelMetadata:
    """Read the description that we write where ImageJ's format has no room."""
    scale, units = described.get("scale"), described.get("units")
    sizes = scale if isinstance(scale, dict) else {}
    named = units if isinstance(units, dict) else {}
    return _known(
        {a: _positive(sizes.get(a)) for a in "tzyx"},
        {a: unit_name(str(named.get(a, ""))) for a in "tzyx"},
    )


def _ome(text: str) -> PixelMetadata:
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels")), None)
    if pixels is None:
        return {}
    keys = {a: f"PhysicalSize{a.upper()}" for a in "zyx"} | {"t": "TimeIncrement"}
    scale = {a: _positive(pixels.get(key)) for a, key in keys.items()}
    units = {
        a: unit_name(pixels.get(f"{key}Unit", "s" if a == "t" else "µm"))
        for a, key in keys.items()
    }
    names = [e.get("Name") for e in pixels if e.tag.endswith("}Channel")]
    channels = tuple(n or "" for n in names)
    return {**_known(scale, units), "channel_names": channels}


def _imagej(tiff: TiffFile, metadata: Mapping[str, object]) -> PixelMetadata:
    unit = unit_name(str(metadata.get("unit", "")))
    scale = {"t": _positive(metadata.get("finterval"))}
    if unit is not None or (is_ours(tiff) and "unit" in metadata):
        tags = tiff.pages.first.tags
        for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
            if tag in tags and all(tags[tag].value):
                per_unit, unity = tags[tag].value
                scale[axis] = unity / per_unit
        scale["z"] = _positive(metadata.get("spacing"))
    units = {"t": "second", **dict.fromkeys("zyx", unit)}
    return _known(scale, units)


def _known(
    scale: dict[str, float | None], units: dict[str, str | None]
) -> PixelMetadata:
    sizes = {a: size for a, size in scale.items() if size is not None}
    named = {a: unit for a, unit in units.items() if unit is not None and a in sizes}
    return {"scale": sizes, "units": named}


def _positive(value: object) -> float | None:
    try:
        number = float(str(value))
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
