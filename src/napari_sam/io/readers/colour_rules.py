"""Rules by which stored samples become grey values, or red, green and blue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.readers.lazy import Bounds, FileArray

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import DTypeLike, NDArray

    from napari_sam.core.images.pixels import PixelSource

#: Luma of red and blue, and what is black and white, unless a file says otherwise.
LUMA = (0.299, 0.587, 0.114)
FULL_RANGE = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)


@dataclass(frozen=True, slots=True)
class ColourRule:
    """How samples become colours.

    Attributes
    ----------
    convert
        Takes samples, channels last where there are any; so it returns them.
    channels
        Channels of the result; 0 for grey values.
    dtype
        Type of the result; None for that of the samples.
    samples
        Whether it needs all samples of a pixel, channels last; else each by itself.
    """

    convert: Callable[[NDArray[np.generic]], NDArray[np.generic]]
    channels: int = 0
    dtype: DTypeLike | None = None
    samples: bool = True


def recoloured(
    data: PixelSource, axes: str, rule: ColourRule, path: Path | str | None
) -> tuple[PixelSource, str]:
    """Return pixels by a rule, and their axes; what is lazy stays so.

    Colours are the last axis, as in a photograph.
    """
    if not rule.samples and not rule.channels:
        return _by_itself(data, rule, path), axes
    if not rule.samples and "c" in axes:
        return data, axes  # indices of several channels are no colours
    sizes = dict(zip(axes, data.shape, strict=True)) | {"c": rule.channels}
    made = axes.replace("c", "") + "c" * bool(rule.channels)
    shape = tuple(int(sizes[a]) for a in made)

    def read(bounds: Bounds) -> NDArray[np.generic]:
        cut = {a: slice(*b) for a, b in zip(made, bounds, strict=True)}
        where = {**cut, "c": slice(None)}
        pixels = np.asarray(data[tuple(where[a] for a in axes)])
        if "c" in axes:
            pixels = np.moveaxis(pixels, axes.index("c"), -1)
        found = rule.convert(pixels)
        return found[..., cut["c"]] if rule.channels else found

    dtype = np.dtype(data.dtype if rule.dtype is None else rule.dtype)
    return as_lazy_as(data, FileArray(path, shape, dtype, read)), made


def _by_itself(
    data: PixelSource, rule: ColourRule, path: Path | str | None
) -> PixelSource:
    """Return grey values that are computed one from one."""

    def read(bounds: Bounds) -> NDArray[np.generic]:
        return rule.convert(np.asarray(data[tuple(slice(*b) for b in bounds)]))

    shape = tuple(int(n) for n in data.shape)
    return as_lazy_as(data, FileArray(path, shape, data.dtype, read))


def as_lazy_as(data: PixelSource, view: FileArray) -> PixelSource:
    """Return a view of pixels: at once if they are in memory, else lazily."""
    held = isinstance(data, np.ndarray) and not isinstance(data, np.memmap)
    return view[...] if held else view


def channels_last(count: int) -> ColourRule:
    """Return the rule of colours that are stored plane by plane."""
    return ColourRule(lambda pixels: pixels, count)


def without_alpha(*, premultiplied: bool, inverted: int | None = None) -> ColourRule:
    """Return the rule of grey values beside their opacity."""

    def convert(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        if premultiplied:
            return _straight(pixels[..., :2])[..., 0]
        grey: NDArray[np.generic] = pixels[..., 0]
        return grey if inverted is None else _inverted(grey, inverted)

    return ColourRule(convert)


def of_premultiplied() -> ColourRule:
    """Return the rule of colours that were multiplied by their opacity."""
    return ColourRule(lambda pixels: _straight(pixels[..., :4]), 3)


def _straight(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
    dtype = pixels.dtype
    most = float(np.iinfo(dtype.str).max) if dtype.kind in "ui" else 1.0
    parts = pixels.astype(np.float64)
    values, alpha = parts[..., :-1], parts[..., -1:]
    found = values * most / np.maximum(alpha, 1 if dtype.kind in "ui" else 1e-12)
    if dtype.kind in "ui":
        found = np.rint(np.clip(found, 0, most))
    return np.where(alpha > 0, found, 0).astype(dtype)


def of_inverted(bits: int) -> ColourRule:
    """Return the rule of grey values of so many bits, of which 0 is white."""
    return ColourRule(lambda pixels: _inverted(pixels, bits), samples=False)


def _inverted(pixels: NDArray[np.generic], bits: int) -> NDArray[np.generic]:
    if pixels.dtype.kind == "b":
        return ~pixels.astype(bool)
    if pixels.dtype.kind == "i":
        return (-1 - pixels.astype(np.int64)).astype(pixels.dtype)
    most = np.array(2**bits - 1, pixels.dtype)
    return np.asarray(most - pixels)


def of_palette(table: NDArray[np.generic], *, samples: bool = False) -> ColourRule:
    """Return the rule of indices in a table ``(n, 3)`` of 8-bit colours.

    Indices beyond the table are black. With `samples`, the first one is the index.
    """
    colours = np.asarray(table, np.uint8)

    def convert(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        index = (pixels[..., 0] if samples else pixels).astype(np.int64)
        known = (index >= 0) & (index < len(colours))
        found = colours[np.where(known, index, 0)] * known[..., None]
        return np.asarray(found, np.uint8)

    return ColourRule(convert, 3, np.uint8, samples)


def colour_table(colormap: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Return the table ``(n, 3)`` of a TIFF's ``(3, n)`` of 16 bits.

    Some programs store 8 bits, which TIFF does not know.
    """
    table = np.asarray(colormap, np.int64).T
    return np.asarray(table if table.max(initial=0) < 256 else table >> 8, np.uint8)


def is_look_up_table(table: NDArray[np.uint8]) -> bool:
    """Whether colours change little from one index to the next, as over intensities."""
    steps = np.abs(np.diff(table.astype(np.int64), axis=0)).sum(1)
    return bool(np.median(steps) < 16) if len(steps) else False


def of_inks(bits: int) -> ColourRule:
    """Return the rule of cyan, magenta, yellow and black, of which 0 is no ink."""
    most = 2**bits - 1

    def convert(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        paper = most - pixels[..., :4].astype(np.float64)
        light = paper[..., :3] * paper[..., 3:] / most
        return np.asarray(np.rint(light), pixels.dtype)

    return ColourRule(convert, 3)


def of_luma(
    luma: tuple[float, ...] = LUMA, black_white: tuple[float, ...] = FULL_RANGE
) -> ColourRule:
    """Return the rule of 8-bit brightness and two differences of colour (TIFF 6.0)."""
    red, green, blue = luma
    zero, one = np.array(black_white[::2]), np.array(black_white[1::2])

    def convert(pixels: NDArray[np.generic]) -> NDArray[np.generic]:
        parts = pixels[..., :3].astype(np.float64) - zero
        y, cb, cr = np.moveaxis(parts * np.array([255, 127, 127]) / (one - zero), -1, 0)
        r, b = y + cr * (2 - 2 * red), y + cb * (2 - 2 * blue)
        g = (y - red * r - blue * b) / green
        found = np.rint(np.clip(np.stack([r, g, b], -1), 0, 255))
        return np.asarray(found, np.uint8)

    return ColourRule(convert, 3, np.uint8)
