"""What TIFFs say of their pixels besides: sizes, units and names of channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from napari_sam.io.readers.units import unit_name

if TYPE_CHECKING:
    from tifffile import TiffFile


def metadata_of_tiff(tiff: TiffFile) -> dict[str, Any]:
    """Return `scale`, `units` and `channel_names`, as far as they are there."""
    if tiff.ome_metadata:
        return _ome(tiff.ome_metadata)
    if tiff.imagej_metadata:
        return _imagej(tiff, tiff.imagej_metadata)
    return {}


def _ome(text: str) -> dict[str, Any]:
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
    return _kept(scale, units) | {"channel_names": tuple(n or "" for n in names)}


def _imagej(tiff: TiffFile, said: dict[str, Any]) -> dict[str, Any]:
    unit = unit_name(str(said.get("unit", "")))
    scale = {"t": _positive(said.get("finterval"))}
    if unit is not None:
        tags = tiff.pages.first.tags
        for axis, tag in (("x", "XResolution"), ("y", "YResolution")):
            if tag in tags and all(tags[tag].value):
                per_unit, unity = tags[tag].value
                scale[axis] = unity / per_unit
        scale["z"] = _positive(said.get("spacing"))
    units = {"t": "second", **dict.fromkeys("zyx", unit)}
    return _kept(scale, units)


def _kept(
    scale: dict[str, float | None], units: dict[str, str | None]
) -> dict[str, Any]:
    sizes = {a: size for a, size in scale.items() if size is not None}
    named = {a: unit for a, unit in units.items() if unit is not None and a in sizes}
    return {"scale": sizes, "units": named}


def _positive(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if 0 < number < float("inf") else None
