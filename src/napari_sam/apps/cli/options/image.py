"""How an image is opened and shown, as options say it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from napari_sam.core.errors import AxesError, ImageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend
    from napari_sam.io import Image

_OPTIONS = {
    "--axes": ("LETTERS", "What the axes mean, e.g. yxc or tyx, unless the file says."),
    "--channels": ("N[,N[,N]]", "Channels to show to the model, from 0."),
    "--index": ("A/B", "Show (A - B) / (A + B) of two channels, e.g. NDVI."),
    "--limits": ("LOW,HIGH[,...]", "What is black and what is white, for all channels "
                 "or each."),
    "--percentiles": ("LOW,HIGH", "Percentiles of the pixels as limits."),
    "--gamma": ("NUMBER", "Below 1 brightens what is dark."),
    "--scale": ("AXIS=SIZE,...", "Size of a pixel, e.g. z=0.5,y=0.15,x=0.15, unless "
                "the file says."),
    "--unit": ("NAME", "Unit of the scale, e.g. micrometer."),
}  # fmt: skip


def looking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what is said of the image itself."""
    for name, (metavar, text) in reversed(_OPTIONS.items()):
        kind = float if name == "--gamma" else str
        command = click.option(name, type=kind, metavar=metavar, help=text)(command)
    return command


def open_image(path: str | Path, options: Mapping[str, Any]) -> Image:
    """Open a file; what is said of its axes and sizes wins over what it says."""
    from napari_sam.io import read_image

    image = read_image(path, axes=options["axes"])
    sizes = _sizes(options["scale"], image.axes)
    unit = options["unit"]
    units = dict.fromkeys((a for a in sizes or image.scale if a != "t"), unit)
    return replace(
        image,
        scale=image.scale | sizes,
        units=image.units | units if unit else image.units,
    )


def look(frames: Frames, backend: Backend, options: Mapping[str, Any]) -> Appearance:
    """Fit an appearance, with what was said of it."""
    from napari_sam.core.images.appearance import Appearance

    channels, index = options["channels"], options["index"]
    percentiles = options["percentiles"]
    limits = options["limits"] and _numbers("--limits", options["limits"], None)
    cut = percentiles and _numbers("--percentiles", percentiles, 2)
    if cut and not 0 <= cut[0] < cut[1] <= 100:
        raise ImageError(f"--percentiles {percentiles}: expected e.g. 1,99.")
    if limits and cut:
        raise ImageError("Give either --limits or --percentiles, not both.")
    return Appearance.fit(
        frames,
        channels=None if channels is None else _whole("--channels", channels, ","),
        index=None if index is None else _pair(index),
        limits=list(zip(limits[::2], limits[1::2], strict=True)) if limits else None,
        percentiles=(cut[0], cut[1]) if cut else getattr(backend, "percentiles", None),
        gamma=1.0 if options["gamma"] is None else options["gamma"],
    )


def _whole(option: str, text: str, between: str) -> tuple[int, ...]:
    try:
        return tuple(int(c) for c in text.split(between))
    except ValueError:
        example = "0 or 2,0,1" if between == "," else "4/3"
        raise AxesError(f"{option} {text}: expected e.g. {example}.") from None


def _pair(text: str) -> tuple[int, int]:
    found = _whole("--index", text, "/")
    if len(found) != 2:
        raise AxesError(f"--index {text}: expected e.g. 4/3.")
    return found[0], found[1]


def _numbers(option: str, text: str, count: int | None) -> list[float]:
    try:
        found = [float(v) for v in text.split(",")]
    except ValueError:
        found = []
    if not found or len(found) % 2 or count not in (None, len(found)):
        raise ImageError(f"{option} {text}: expected LOW,HIGH.")
    return found


def _sizes(text: str | None, axes: str) -> dict[str, float]:
    sizes = {}
    for part in text.split(",") if text else ():
        axis, _, size = part.strip().partition("=")
        try:
            sizes[axis] = float(size)
        except ValueError:
            sizes[axis] = 0.0
        if axis not in axes or axis == "c" or not 0 < sizes[axis] < float("inf"):
            raise ImageError(
                f"--scale {text}: expected e.g. y=0.15,x=0.15, of the axes {axes!r}."
            )
    return sizes
