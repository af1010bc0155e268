"""Appearance of an image: how pixels are rendered for a model."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import AxesError, ImageError
from napari_sam.core.images.contrast import difference, limits_of, scaled
from napari_sam.core.images.sampling import sample_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import Pixels

_PERCENTILES = (0.1, 99.9)

#: The values that are rendered as black and as white.
Limits = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Appearance:
    """Channels or an index, limits and gamma: pixels of any type in, 8-bit RGB out.

    One value for the image, never one per plane or tile, so that an object looks the
    same wherever it lies. It is part of the name of every embedding.

    Parameters
    ----------
    channels
        One, two or three channels that become red, green and blue: a single one is
        grey, and of two the third stays black. None where there is no choice to make.
    limits
        ``(low, high)`` for each of them, or one pair for all. None means 0 to 255.
    gamma
        Exponent: below 1 brightens what is dark.
    index
        Two channels ``(a, b)``, shown as ``(a - b) / (a + b)`` instead of `channels`:
        near infrared and red give NDVI.
    nodata
        Pixels of this value are black, whatever the limits.
    """

    channels: tuple[int, ...] | None = None
    limits: tuple[Limits, ...] | None = None
    gamma: float = 1.0
    index: tuple[int, int] | None = None
    nodata: float | None = None

    def __post_init__(self) -> None:
        if self.channels is not None:
            object.__setattr__(self, "channels", tuple(int(c) for c in self.channels))
            if not 1 <= len(self.channels) <= 3 or min(self.channels) < 0:
                raise ImageError(
                    f"channels={self.channels}: give one, two or three, counted from 0."
                )
        if self.index is not None:
            object.__setattr__(self, "index", tuple(int(c) for c in self.index))
            if len(self.index) != 2 or min(self.index) < 0 or self.channels is not None:
                raise ImageError(
                    f"index={self.index}: give two channels, counted from 0, and then "
                    "no channels besides."
                )
        for low, high in self.limits or ():
            if not (np.isfinite(low) and np.isfinite(high) and low < high):
                raise ImageError(f"The limits ({low}, {high}) are no range.")
        if not (np.isfinite(self.gamma) and self.gamma > 0):
            raise ImageError(f"gamma={self.gamma}: expected a positive number.")

    @classmethod
    def fit(
        cls,
        frames: Frames,
        *,
        channels: Sequence[int] | None = None,
        gamma: float = 1.0,
        percentiles: tuple[float, float] | None = None,
        limits: Sequence[Limits] | None = None,
        index: tuple[int, int] | None = None,
    ) -> Appearance:
        """Choose limits for an image from a fixed sample of its pixels.

        8-bit RGB is shown as it is. Of everything else, the limits are percentiles,
        0.1 and 99.9 unless given: per channel, or common to the three of an RGB image.
        Pixels of ``frames.nodata`` have no part in it. Limits that are given are taken.

        Raises
        ------
        AxesError
            If the image has several channels and none of them were chosen.
        NotAnImageError
            If no pixel of the sample is a finite number.
        """
        rgb = index is None and _is_rgb(frames, channels)
        shown: tuple[int, ...] | None = (0, 1, 2) if rgb else None
        if index is not None:
            _check_index(index, channels, frames)
        elif not rgb:
            shown = _chosen(frames, channels)
        fitted = cls(shown, None, gamma, index, frames.nodata)
        if limits is not None:
            return replace(fitted, limits=tuple(limits))
        if frames.dtype == np.uint8 and rgb:
            return replace(fitted, limits=((0.0, 255.0),))
        if frames.dtype == np.bool_:
            return replace(fitted, limits=((0.0, 1.0),))
        parts = fitted.values(sample_pixels(frames))
        cut = percentiles or _PERCENTILES
        together = [np.concatenate(parts)] if rgb else parts
        return replace(fitted, limits=tuple(limits_of(p, cut) for p in together))

    @property
    def token(self) -> str:
        """A short text that differs whenever the rendered pixels would."""
        shown = "-" if self.channels is None else ",".join(map(str, self.channels))
        limits = self.limits or ((0.0, 255.0),)
        ranges = ",".join(f"{low:.9g}:{high:.9g}" for low, high in limits)
        index = "" if self.index is None else " i{}/{}".format(*self.index)
        nodata = "" if self.nodata is None else f" n{self.nodata:.9g}"
        return f"c{shown} l{ranges} g{self.gamma:.9g}{index}{nodata}"

    def values(self, pixels: Pixels) -> list[Pixels]:
        """Return the values of pixels ``(n,)`` or ``(n, c)``, for each channel.

        That is the chosen channels or the index, without the pixels of `nodata`.
        """
        shown = self._selected(pixels[:, None])
        flat = (channel[:, 0] for channel in shown)
        return [v if self.nodata is None else v[v != self.nodata] for v in flat]

    def render(self, plane: Pixels) -> NDArray[np.uint8]:
        """Return a plane ``(y, x)`` or ``(y, x, c)`` as 8-bit RGB ``(y, x, 3)``.

        NaN becomes the low limit.
        """
        out = self._channels(plane)
        if len(out) == 2:
            out.append(np.zeros_like(out[0]))
        return np.stack(out * 3 if len(out) == 1 else out, -1)

    def grey(self, plane: Pixels) -> NDArray[np.float32]:
        """Return the mean of the three channels that `render` gives, from 0 to 1."""
        out = self._channels(plane)
        total = out[0] if len(out) == 1 else np.add.reduce(out, dtype=np.uint16)
        white = 255 if len(out) == 1 else 765
        return np.asarray(np.divide(total, white, dtype=np.float32))

    def _channels(self, plane: Pixels) -> list[NDArray[np.uint8]]:
        shown = self._selected(plane)
        limits = self.limits or ((0.0, 255.0),)
        if len(limits) not in (1, len(shown)):
            raise ImageError(
                f"{len(limits)} limits for {len(shown)} channels: give one pair for "
                "each, or one for all."
            )
        pairs = limits * len(shown) if len(limits) == 1 else limits
        out = [
            scaled(c, *pair, self.gamma) for c, pair in zip(shown, pairs, strict=True)
        ]
        if self.nodata is not None:
            for channel, one in zip(shown, out, strict=True):
                one[channel == self.nodata] = 0
        return out

    def _selected(self, plane: Pixels) -> list[Pixels]:
        channels = self.channels or self.index
        if plane.ndim == 2:
            if channels not in (None, (0,)):
                raise AxesError(f"channels={channels} of an image without channels.")
            return [plane]
        count = plane.shape[2]
        if channels is None:
            if count == 2 or count > 4:
                raise AxesError(_which(count))
            channels = (0,) if count == 1 else (0, 1, 2)
        if max(channels) >= count:
            raise AxesError(
                f"channels={channels} of an image with {count}, counted from 0."
            )
        found = [plane[..., c] for c in channels]
        if self.index is None:
            return found
        return [difference(found[0], found[1], nodata=self.nodata)]


def _check_index(
    index: tuple[int, int], channels: Sequence[int] | None, frames: Frames
) -> None:
    if channels is not None:
        raise ImageError("Give either channels or an index, not both.")
    if (
        frames.n_channels is None
        or not 0 <= min(index) <= max(index) < frames.n_channels
    ):
        raise AxesError(
            f"index={tuple(index)} of an image with {frames.n_channels or 'no'} "
            "channels, counted from 0."
        )


def _which(count: int) -> str:
    return (
        f"The image has {count} channels: say which one, two or three to show, "
        "e.g. channels=(0,) or channels=(2, 0, 1); on the command line, "
        "--channels 2,0,1."
    )


def _is_rgb(frames: Frames, channels: Sequence[int] | None) -> bool:
    """Interleaved red, green and blue, perhaps with an alpha that is dropped."""
    if channels is not None and tuple(channels) != (0, 1, 2):
        return False
    with_alpha = frames.n_channels == 4 and (
        frames.dtype == np.uint8 or channels is not None
    )
    return frames.axes.endswith("c") and (frames.n_channels == 3 or with_alpha)


def _chosen(frames: Frames, channels: Sequence[int] | None) -> tuple[int, ...] | None:
    count = frames.n_channels
    if channels is None:
        if count is None:
            return None
        if count in (1, 3):
            return tuple(range(count))
        raise AxesError(_which(count))
    if count is None and tuple(channels) != (0,):
        raise AxesError(f"channels={tuple(channels)} of an image without channels.")
    if channels and not 0 <= min(channels) <= max(channels) < (count or 1):
        raise AxesError(
            f"channels={tuple(channels)} of an image with {count}, counted from 0."
        )
    return None if count is None else tuple(channels)
