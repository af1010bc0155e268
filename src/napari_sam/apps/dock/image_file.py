"""Image files as layers of napari: axes, pixel sizes, channels and levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.io.label_numbers import label_numbers
from napari_sam.io.readers.lazy import FileArray

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.apps.dock.samples import LayerData
    from napari_sam.io import Image
    from napari_sam.io.readers.lazy import Bounds

#: In the metadata of a layer: the `Image` that it was read from.
SOURCE = "napari_sam_image"
#: Labels of up to so many bytes are read at once, and can be painted on.
_READ = 2**27
#: Side of the window that limits of contrast are taken from, if all is too much.
_SAMPLE = 1024
#: So many channels are shown at first; the light of more would only add up to white.
_SHOWN = 4
_BANDS = ("red", "green", "blue")
_TWO = ("magenta", "green")
_MANY = ("cyan", "yellow", "magenta", "red", "green", "blue")


def image_layers(image: Image, name: str) -> list[LayerData]:
    """Return a layer for an image, or for each of its channels.

    Pixels stay in their file until they are drawn. Colours are one layer; other
    channels have one each, in colours that add up.
    """
    axes = _ordered(image.axes)
    frames = image.frames
    if frames.n_channels is None or _is_colour(image):
        more: dict[str, Any] = {"rgb": True} if frames.n_channels else {}
        return [_image_layer(image, axes, name, None, more)]
    count = frames.n_channels
    colours = _colours(image, count)
    found = []
    for k in range(count):
        named = image.channel_names[k] if k < len(image.channel_names) else ""
        more = {} if count == 1 else {"colormap": colours[k], "blending": "additive"}
        more["visible"] = _is_shown(image, k)
        title = f"{name}: {named or f'channel {k}'}" if count > 1 else name
        found.append(_image_layer(image, axes.replace("c", ""), title, k, more))
    return found


def labels_layer(image: Image, name: str, like: Image | None = None) -> LayerData:
    """Return a layer for labels; small ones are read, so that they can be painted on.

    Parameters
    ----------
    image
        The labels as they were read.
    name
        Of the layer.
    like
        The image that they belong to: it says the sizes of pixels if they do not.
    """
    axes = _ordered(image.axes).replace("c", "")
    channel = 0 if "c" in image.axes else None
    levels = _levels(image, axes, channel)
    kind = np.dtype(levels[0].dtype)
    if int(np.prod(levels[0].shape)) * kind.itemsize <= _READ:
        levels = [_numbers(np.asarray(levels[0]), str(image.path))]
    source = image if image.scale or like is None else like
    data: Any = levels if len(levels) > 1 else levels[0]
    multiscale = len(levels) > 1
    keywords = {"name": name, "multiscale": multiscale, **_placed(source, axes)}
    return data, {**keywords, "metadata": {SOURCE: image}}, "labels"


def _numbers(labels: NDArray[np.generic], where: str) -> NDArray[np.generic]:
    """Return numbers of objects, as training and prompts read them too."""
    planes = labels.reshape(-1, *labels.shape[-2:])
    found = np.stack([label_numbers(plane, where) for plane in planes])
    return (found.astype(np.uint8) if found.dtype.kind == "b" else found).reshape(
        labels.shape
    )


def is_labels(image: Image) -> bool:
    """Whether an OME-Zarr says of itself that it holds labels."""
    return "image-label" in _ome(image)


def _image_layer(
    image: Image, axes: str, name: str, channel: int | None, more: dict[str, Any]
) -> LayerData:
    levels = _levels(image, axes, channel)
    keywords = {
        "name": name,
        "multiscale": len(levels) > 1,
        "metadata": {SOURCE: image},
        **_placed(image, axes),
        **more,
    }
    if not more.get("rgb"):
        keywords["contrast_limits"] = _limits(image, levels[-1], axes, channel)
    return levels if len(levels) > 1 else levels[0], keywords, "image"


def _ordered(axes: str) -> str:
    """Return the axes with rows and columns last, as napari shows them first."""
    others = "".join(a for a in axes if a not in "yxc")
    last = "yxc" if axes.endswith("c") else "yx"
    return others + last if last == "yxc" or "c" not in axes else f"c{others}yx"


def _is_colour(image: Image) -> bool:
    """Whether the channels are red, green and blue, as a screen shows them."""
    full = np.dtype(image.data.dtype) == np.uint8
    return image.axes.endswith("c") and image.frames.n_channels in (3, 4) and full


def _is_shown(image: Image, channel: int) -> bool:
    """Whether a channel is seen at first: of a raster the colours, or one band."""
    bands = image.metadata.get("colours", ())
    if any(band in _BANDS for band in bands):
        return bands[channel] in _BANDS
    return channel < (1 if image.crs else _SHOWN)


def _levels(image: Image, axes: str, channel: int | None) -> list[Any]:
    arrays = [image.data, *image.levels]
    return [_view(a, image.axes, axes, channel, image.path) for a in arrays]


def _view(
    data: Any, axes: str, wanted: str, channel: int | None, path: Path | None
) -> Any:
    """Return an array with its axes in another order, and one channel of it, lazily."""
    if axes == wanted:
        return data
    kept = [a for a in axes if a in wanted]
    order = [kept.index(a) for a in wanted]

    def read(bounds: Bounds) -> NDArray[Any]:
        where = dict(zip(wanted, (slice(*b) for b in bounds), strict=True))
        pixels = np.asarray(data[tuple(where.get(a, channel) for a in axes)])
        return pixels.transpose(order)

    sizes = dict(zip(axes, data.shape, strict=True))
    shape = tuple(int(sizes[a]) for a in wanted)
    if isinstance(data, np.ndarray):
        return read(tuple((0, n) for n in shape))
    return FileArray(path, shape, data.dtype, read)


def _placed(image: Image, axes: str) -> dict[str, Any]:
    """Return where a layer lies in the world; napari has no such thing for colours."""
    along = axes.removesuffix("c")
    return {
        "scale": tuple(image.scale.get(a, 1.0) for a in along),
        "translate": tuple(image.translation.get(a, 0.0) for a in along),
        "units": tuple(_unit(image.units.get(a)) for a in along),
        "axis_labels": tuple(along),
    }


def _unit(name: str | None) -> str:
    """Return a unit by a name that napari knows."""
    import pint

    try:
        return str(pint.Unit(name or "pixel"))
    except (pint.errors.UndefinedUnitError, ValueError, TypeError):
        return "pixel"


def _limits(
    image: Image, level: Any, axes: str, channel: int | None
) -> tuple[float, float]:
    """Return what is shown black and white, from the middle of the coarsest level."""
    limits = _window(image, channel or 0)
    kind = np.dtype(level.dtype)
    if limits is not None:
        return limits
    if kind.itemsize == 1:
        return (0, 1) if kind.kind == "b" else (0, float(np.iinfo(kind).max))
    middle: list[Any] = [n // 2 for n in level.shape[:-2]]
    for size in level.shape[-2:]:
        start = max(size - _SAMPLE, 0) // 2
        middle.append(slice(start, start + _SAMPLE))
    pixels = np.asarray(level[tuple(middle)])
    pixels = pixels[np.isfinite(pixels)]
    if image.nodata is not None:
        pixels = pixels[pixels != image.nodata]
    if not pixels.size or pixels.min() == pixels.max():
        return (0, max(1.0, float(pixels.max()) if pixels.size else 1.0))
    return float(pixels.min()), float(pixels.max())


def _ome(image: Image) -> dict[str, Any]:
    metadata = image.metadata.get("ome", image.metadata)
    return metadata if isinstance(metadata, dict) else {}


def _channels(image: Image) -> Iterator[dict[str, Any]]:
    """Yield what an OME-Zarr says of each channel."""
    omero = _ome(image).get("omero")
    channels = omero.get("channels") if isinstance(omero, dict) else None
    for channel in channels if isinstance(channels, list) else ():
        yield channel if isinstance(channel, dict) else {}


def _window(image: Image, channel: int) -> tuple[float, float] | None:
    channels = list(_channels(image))
    try:
        window = channels[channel]["window"]
        low, high = float(window["start"]), float(window["end"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return (low, high) if low < high else None


def _colours(image: Image, count: int) -> list[str]:
    """Return a colour for each channel: its own, or one that stands out."""
    usual = _TWO if count == 2 else _MANY
    found = [usual[k % len(usual)] for k in range(count)]
    bands = image.metadata.get("colours", ())
    for k, band in enumerate(bands[:count]):
        found[k] = band if band in _BANDS else found[k]
    for k, channel in enumerate(list(_channels(image))[:count]):
        code = str(channel.get("color", "")).removeprefix("#")
        if len(code) == 6 and all(c in "0123456789abcdefABCDEF" for c in code):
            found[k] = f"#{code.lower()}"
    return found
