"""A fixed sample of an image's pixels, small however large the image is."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.images.pixels import Pixels

_CAP = 1_000_000
_PLANES = 16
_WINDOW = 64


def sample_pixels(frames: Frames, *, cap: int = _CAP) -> Pixels:
    """Return at most about `cap` values: all of a small image, windows of a large one.

    The windows are spread evenly over up to 16 planes, each placed at random in its
    own part of the plane, by a fixed seed: the same image gives the same sample.

    Returns
    -------
    Array ``(n,)``, or ``(n, channels)`` if there is a channel axis.
    """
    parts = []
    for frame, region in _windows(frames, cap):
        pixels = frames.read(frame, region)
        parts.append(pixels.reshape(-1, *pixels.shape[2:]))
    return np.concatenate(parts)


def _windows(frames: Frames, cap: int) -> Iterator[tuple[int, Region]]:
    rows, cols = frames.plane_shape
    channels = frames.n_channels or 1
    if len(frames) * rows * cols * channels <= cap:
        for frame in range(len(frames)):
            yield frame, Region(0, 0, rows, cols)
        return
    rng = np.random.default_rng(0)
    chosen = np.unique(np.linspace(0, len(frames) - 1, _PLANES).round().astype(int))
    height, width = min(rows, _WINDOW), min(cols, _WINDOW)
    per_plane = cap / (len(chosen) * height * width * channels)
    side = max(1, int(sqrt(per_plane)))
    down, across = min(side, -(-rows // height)), min(side, -(-cols // width))
    for frame in chosen.tolist():
        for i in range(down):
            for j in range(across):
                top = _window_start(rng, rows, height, i, down)
                left = _window_start(rng, cols, width, j, across)
                yield frame, Region(top, left, top + height, left + width)


def _window_start(
    rng: np.random.Generator, size: int, window: int, i: int, n: int
) -> int:
    """Start of a window at random in the `i`-th of `n` equal parts of a side."""
    return int((i + rng.random()) * (size - window) / n)
