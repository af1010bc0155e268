"""Labels out of napari, with the place and the sizes of pixels of their layer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.apps.dock.image_file import SOURCE
from napari_sam.core.errors import AxesError, NapariSamError, NotWrittenError
from napari_sam.core.images.frames import axes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from napari_sam.apps.dock.samples import LayerData
    from napari_sam.io import Image


def write_labels(path: str, data: Any, attributes: Mapping[str, Any]) -> list[str]:
    """Write a labels layer in the form that the end of the name says.

    What has the name already is given another, and napari says so.

    Parameters
    ----------
    path
        Where to.
    data
        Labels, at one level or several.
    attributes
        Of the layer, as napari hands them to a writer.

    Returns
    -------
    list of str
        The path.

    Raises
    ------
    NotWrittenError
        If they cannot be written. It is no ValueError, since napari would hide that.
    """
    from napari_sam import io

    target = Path(path)
    finest = data[0] if attributes.get("multiscale") else data
    try:
        axes = _axes(finest, attributes)
        io.check_labels_path(target)
        like = _like(finest, axes, attributes)
        with _Aside(target) as aside:
            io.write_labels(target, finest, axes=axes, like=like)
    except (NapariSamError, OSError) as wrong:
        raise NotWrittenError(f"The labels were not written. {wrong}") from wrong
    if aside.moved is not None:
        _say(f"{target.name} was there already; it is now {aside.moved.name}.")
    return [path]


def write_several(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Write several labels layers, each to a file that has its name as well.

    Raises
    ------
    NotWrittenError
        If one of them cannot be written. Those before it are.
    """
    target = Path(path)
    stem, dot, end = target.name.partition(".")
    names = [str(attributes.get("name", "labels")) for _, attributes, _ in layers]
    paths = [target.with_name(f"{stem}-{_plain(n)}{dot}{end}") for n in names]
    if len(set(paths)) < len(paths):
        raise NotWrittenError(
            f"The labels were not written. Several layers have one name: {names}. "
            "Give each another."
        )
    found: list[str] = []
    for one, (data, attributes, _) in zip(paths, layers, strict=True):
        found += write_labels(str(one), data, attributes)
    return found


def _plain(name: str) -> str:
    """Return what of a name may be part of the name of a file."""
    return "".join(c if c.isalnum() or c in " -_" else "_" for c in name).strip()


class _Aside:
    """Another name for what is in the way, taken back if nothing comes of it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.moved: Path | None = None

    def __enter__(self) -> _Aside:
        if self._path.exists():
            self.moved = next(n for n in _names(self._path) if not n.exists())
            self._path.rename(self.moved)
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None and self.moved is not None and not self._path.exists():
            self.moved.rename(self._path)


def _names(path: Path) -> Iterator[Path]:
    number = 1
    while True:
        stem, dot, end = path.name.partition(".")
        yield path.with_name(f"{stem} (before {number}){dot}{end}")
        number += 1


def _axes(data: Any, attributes: Mapping[str, Any]) -> str:
    """Return the letters of the axes, as far as layer and file say them."""
    last = {"-2": "y", "-1": "x"}
    names = [last.get(str(n), str(n)) for n in attributes.get("axis_labels", ())]
    known = attributes.get("metadata", {}).get(SOURCE)
    known_axes = known.axes.replace("c", "") if known is not None else ""
    axes = axes_of(names) or (known_axes if len(known_axes) == data.ndim else None)
    if axes is None and data.ndim == 2:
        axes = "yx"
    if axes is None:
        raise AxesError(
            f"The layer has {data.ndim} dimensions and does not say what they are. Say "
            "it in napari's console, such as layer.axis_labels = ('z', 'y', 'x'): t is "
            "time, z is depth."
        )
    return axes


def _like(data: Any, axes: str, attributes: Mapping[str, Any]) -> Image:
    """Return the image they belong to, or what the layer says of it."""
    known = attributes.get("metadata", {}).get(SOURCE) or _open_image(data)
    if known is not None:
        return known
    from napari_sam.io import Image

    units = dict(zip(axes, map(str, attributes.get("units", ())), strict=False))
    return Image(
        data=data,
        axes=axes,
        scale=_along(axes, attributes.get("scale")),
        units={a: unit for a, unit in units.items() if unit != "pixel"},
        translation=_along(axes, attributes.get("translate")),
    )


def _open_image(data: Any) -> Image | None:
    """Return the one raster in the viewer that these labels fit on, if there is one.

    napari has no coordinates on earth, so that labels drawn on a raster lack them.
    """
    import napari

    viewer = napari.current_viewer()
    layers = () if viewer is None else viewer.layers
    known = [layer.metadata.get(SOURCE) for layer in layers]
    shape = tuple(data.shape[-2:])
    fits = [i for i in known if i is not None and i.frames.plane_shape == shape]
    rasters = {i.path: i for i in fits if i.crs or i.transform}
    return next(iter(rasters.values())) if len(rasters) == 1 else None


def _along(axes: str, values: Any) -> dict[str, float]:
    return {} if values is None else dict(zip(axes, map(float, values), strict=True))


def _say(text: str) -> None:
    from napari.utils.notifications import show_info

    show_info(text)
