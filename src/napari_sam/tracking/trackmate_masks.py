"""What TrackMate's spots enclose, as label images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.rasterize import inside
from napari_sam.core.images.frames import Frames
from napari_sam.core.linking import Detection
from napari_sam.core.mask import Mask
from napari_sam.core.prompts.items import Polygon
from napari_sam.tracking.track_labels import layered_labels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.io.trackmate import Spot, TrackMateImage


def painted_spots(
    image: TrackMateImage, spots: Sequence[Spot]
) -> tuple[Frames, dict[Detection, list[int]]]:
    """Return labels of what spots enclose, each the id of its spot plus one."""
    shape = _shape(image, spots)
    deep = shape[1] if len(shape) > 3 else 1
    masks: dict[int, dict[int, Mask]] = {}
    where: dict[Detection, list[int]] = {}
    for spot in spots:
        for plane, mask in _masks(spot, image, deep, shape[-2:]):
            frame = spot.frame * deep + plane
            masks.setdefault(frame, {})[spot.id + 1] = mask
            where.setdefault(Detection(spot.frame, spot.id + 1), []).append(frame)
    axes = "tyx" if len(shape) == 3 else "tzyx"
    return Frames(layered_labels(masks, shape), axes), where


def _shape(image: TrackMateImage, spots: Sequence[Spot]) -> tuple[int, ...]:
    """Return the shape of the image; what a file does not say must hold all spots."""
    ends = np.max([(s.frame, *np.add(s.position, s.radius)) for s in spots], axis=0)
    frames, planes, rows, cols = (int(n) + 1 for n in ends.tolist())
    volume = (image.planes,) if image.planes > 1 else ()
    if not image.planes and planes > 1 and all(s.outline is None for s in spots):
        volume = (planes,)
    return (max(image.frames, frames), *volume, image.rows or rows, image.cols or cols)


def _masks(
    spot: Spot, image: TrackMateImage, deep: int, plane: tuple[int, ...]
) -> Iterator[tuple[int, Mask]]:
    """Yield the plane and the pixels of a spot on each plane; one pixel at least."""
    middle = spot.position
    if spot.outline is not None:
        z = min(max(round(middle[0]), 0), deep - 1)
        yield z, _polygon(spot.outline, middle[1:], plane)
        return
    step = image.size("z") / image.size("x")
    for z in range(deep):
        away = (z - middle[0]) * step if deep > 1 else 0.0
        nearest = deep == 1 or z == min(max(round(middle[0]), 0), deep - 1)
        if abs(away) < spot.radius or nearest:
            across = np.sqrt(max(spot.radius**2 - away**2, 0.25))
            turn = np.linspace(0, 2 * np.pi, 33)[:-1, None]
            ring = across * np.hstack([np.sin(turn), np.cos(turn)]) + middle[1:]
            yield z, _polygon(ring, middle[1:], plane)


def _polygon(
    ring: NDArray[np.float64], middle: Sequence[float], plane: Sequence[int]
) -> Mask:
    """Return the pixels in a ring; without any, the one in its middle."""
    ends = np.array(plane) - 1
    first = np.clip(np.floor(ring.min(0)), 0, ends).astype(int)
    last = np.clip(np.ceil(ring.max(0)), 0, ends).astype(int)
    at = [np.arange(a, b + 1, dtype=float) for a, b in zip(first, last, strict=True)]
    pixels = np.zeros(last - first + 1, bool)
    if np.linalg.matrix_rank(ring - ring[0]) == 2:
        pixels = inside(Polygon(tuple((r, c) for r, c in ring.tolist())), at[0], at[1])
    if not pixels.any():
        row, col = np.clip(np.round(middle).astype(int) - first, 0, last - first)
        pixels[row, col] = True
    return Mask.from_array(pixels, top=int(first[0]), left=int(first[1]))
