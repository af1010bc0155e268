"""Reader of zarr arrays, and of OME-Zarr 0.4 and 0.5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import ImageError, NotAnImageError
from napari_sam.io.readers.image import Image, ReadOptions
from napari_sam.io.readers.units import unit_name
from napari_sam.io.readers.zarr_nodes import choose_node, ome_attributes

if TYPE_CHECKING:
    from pathlib import Path

    from zarr import Array, Group
    from zarr.abc.store import Store

_DEFAULT = ReadOptions()


def is_zarr(path: Path) -> bool:
    """Whether a folder is a zarr array or group."""
    marks = ("zarr.json", ".zarray", ".zgroup", ".zattrs")
    return any((path / mark).is_file() for mark in marks)


def read_zarr(
    path: Path | Store, name: str | None = None, *, options: ReadOptions = _DEFAULT
) -> Image:
    """Open a zarr array, or the levels of an OME-Zarr image; pixels are lazy.

    Its name in messages is its path, unless another is given. A plate is opened at the
    field that `options` name, or its first; several images at their series.
    """
    import zarr

    name = str(path) if name is None else name
    found = zarr.open(path, mode="r")
    if isinstance(found, zarr.Group):
        found = choose_node(found, name, options)
    if isinstance(found, zarr.Array):
        _check_chosen(found, name, options)
        names = getattr(found.metadata, "dimension_names", None)
        names = names or found.attrs.get("_ARRAY_DIMENSIONS")  # xarray, in version 2
        return Image(data=found, axes=_letters(names), metadata=dict(found.attrs))
    return _multiscale_image(found, name)


def _check_chosen(found: Array[Any], name: str, options: ReadOptions) -> None:
    """Refuse a choice that an array does not have, unless it led to it."""
    chosen = options.field or options.series
    if chosen or (options.layer and not found.path.endswith(options.layer.strip("/"))):
        raise ImageError(f"{name} is one array; there is nothing to choose in it.")


def read_zipped_zarr(path: Path, options: ReadOptions = _DEFAULT) -> Image:
    """Open a zarr in a zip file, also where it is in a folder there."""
    import zarr
    from zarr.storage import ZipStore

    store = ZipStore(path, mode="r", read_only=True)
    try:
        return read_zarr(store, str(path), options=options)
    except (FileNotFoundError, zarr.errors.NodeNotFoundError):
        raise NotAnImageError(
            f"{path} holds no zarr at its top: zip the content of the folder, not the "
            "folder."
        ) from None


def _multiscale_image(group: Group, name: str) -> Image:
    """Return the image of a multiscale group, with levels and pixel sizes."""
    attributes = ome_attributes(group)
    scales, levels = _levels(group, attributes, name)
    finest = levels[0]
    scale, start = level_transforms(scales, finest.ndim)[0]
    axes = [a if isinstance(a, dict) else {"name": a} for a in scales.get("axes", ())]
    letters = _letters([a.get("name") for a in axes])
    named = dict(zip(letters, axes, strict=True)) if letters else {}
    units = {a: unit_name(axis.get("unit")) for a, axis in named.items() if a != "c"}
    sizes = dict(zip(letters, scale, strict=True)) if letters and scale else {}
    origins = dict(zip(letters, start, strict=True)) if sizes else {}
    return Image(
        data=finest,
        axes=letters,
        scale={a: s for a, s in sizes.items() if a != "c"},
        units={a: u for a, u in units.items() if u},
        translation={a: t for a, t in origins.items() if a != "c" and t},
        channel_names=_channel_names(attributes),
        levels=tuple(level for level in levels[1:] if level.ndim == finest.ndim),
        metadata=dict(group.attrs),
    )


def _levels(
    group: Group, attributes: dict[str, Any], name: str
) -> tuple[dict[str, Any], list[Any]]:
    """Return the first multiscale image of a group, and its arrays, finest first."""
    try:
        scales = attributes["multiscales"][0]
        levels: list[Any] = [group[d["path"]] for d in scales["datasets"]]
        _ = levels[0]
    except (KeyError, IndexError, TypeError):
        raise NotAnImageError(
            f"{name} is a zarr group without an image. Name an array in it: "
            f"{', '.join(f'{name}/{k}' for k in group.keys()) or 'it is empty'}."  # noqa: SIM118
        ) from None
    return scales, levels


def level_transforms(
    scales: dict[str, Any], ndim: int
) -> list[tuple[list[float], list[float]]]:
    """Return the pixel size and translation of each level.

    Transformations of all levels are applied after those of each. Lists are empty where
    there is no scale.
    """
    size, start = _scale_and_translation(scales, ndim)
    found: list[tuple[list[float], list[float]]] = []
    for level in scales.get("datasets", ()):
        own, at = _scale_and_translation(level, ndim)
        if own is None:
            found.append(([], []))
            continue
        common = size or [1.0] * ndim
        steps = zip(at, common, start, strict=True)
        translation = [t * s + origin for t, s, origin in steps]
        found.append(([a * b for a, b in zip(own, common, strict=True)], translation))
    return found


def _scale_and_translation(
    attributes: dict[str, Any], ndim: int
) -> tuple[list[float] | None, list[float]]:
    """Return the scale, None if there is none, and the translation."""
    found: dict[str, list[float]] = {}
    for step in attributes.get("coordinateTransformations") or ():
        kind = step.get("type") if isinstance(step, dict) else None
        values = step.get(kind) if kind in ("scale", "translation") else None
        if isinstance(values, list) and len(values) == ndim:
            found.setdefault(str(kind), [float(v) for v in values])
    return found.get("scale"), found.get("translation", [0.0] * ndim)


def _channel_names(attributes: dict[str, Any]) -> tuple[str, ...]:
    omero = attributes.get("omero")
    channels = omero.get("channels") if isinstance(omero, dict) else None
    if not isinstance(channels, list):
        return ()
    return tuple(
        str(c.get("label", "")) if isinstance(c, dict) else "" for c in channels
    )


def _letters(names: Any) -> str:
    letters = [str(n).lower() for n in names or ()]
    known = bool(letters) and all(len(n) == 1 and n in "tzcyx" for n in letters)
    return "".join(letters) if known else ""
