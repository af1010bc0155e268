"""Edits of one object's outline: split, grow, shrink, fill holes."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.items import Scribble
from napari_sam.session.edits.edit import Edit, ObjectEdit
from napari_sam.session.edits.label_edits import patched

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.address import Address
    from napari_sam.session.session_state import SessionState

#: Longer lines are cut to the object before they are drawn.
_LONG = 100_000


def split(
    state: SessionState, at: Address, path: Sequence[tuple[float, float]]
) -> Iterator[Edit]:
    """Cut an object along a line; the largest part keeps the number.

    Pixels on the line go to the nearest part, so that none is lost. Parts hang
    together by their sides, not by corners.
    """
    whole = state.labels.mask(at)
    region, mask = whole.region, whole.array
    parts, count = cut_along(mask, region, path)
    if count <= ndimage.label(mask)[1]:
        raise SessionError(
            f"The line does not cut object {at.object_id} in two: draw it from one "
            "side of the object to the other."
        )
    new = state.objects.free_ids(count - 1)
    order = np.argsort(
        -np.bincount(parts[mask], minlength=count + 1)[1:], kind="stable"
    )
    numbers = np.zeros(count + 1, np.int64)
    numbers[order + 1] = [at.object_id, *new]
    before = state.labels.read(at.frame, region)
    after = np.where(mask, numbers[parts], before)
    yield from patched(at.frame, region, before, after)
    info = state.objects[at.object_id]
    for object_id in new:
        yield ObjectEdit(object_id, None, info)


def cut_along(
    mask: NDArray[np.bool_], region: Region, path: Sequence[tuple[float, float]]
) -> tuple[NDArray[np.int32], int]:
    """Return the parts into which a line cuts a mask, numbered from 1, and their count.

    Parameters
    ----------
    mask
        Pixels of a region of the plane.
    region
        Where they lie.
    path
        The line, as positions ``(row, col)`` of the plane.
    """
    parts, count = ndimage.label(mask & ~_drawn(Scribble(tuple(path)).path, region))
    nearest = ndimage.distance_transform_edt(
        parts == 0, return_distances=False, return_indices=True
    )
    return np.where(mask, parts[tuple(nearest)], 0), int(count)


def resize(state: SessionState, at: Address, pixels: int) -> Iterator[Edit]:
    """Move an outline outwards, onto background only, or inwards if negative."""
    region = state.labels.mask(at).region
    wide = _within(region.grown(max(pixels, 0) + 1), state.labels.plane_shape)
    before = state.labels.read(at.frame, wide)
    mask = before == at.object_id
    if pixels >= 0:
        away = ndimage.distance_transform_edt(~mask)
        after = np.where(
            (away <= pixels) & (before == 0), np.int64(at.object_id), before
        )
    else:
        # Beyond the plane it goes on: an edge of the image is no outline.
        depth = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))
        after = np.where(mask & (depth[1:-1, 1:-1] <= -pixels), 0, before)
        if not (after == at.object_id).any():
            raise SessionError(
                f"Object {at.object_id} would be gone after shrinking by {-pixels} "
                "pixels. Take fewer, or delete it."
            )
    yield from patched(at.frame, wide, before, after)


def fill_holes(state: SessionState, at: Address) -> Iterator[Edit]:
    """Close the holes of an object, as far as nothing else is in them."""
    mask = state.labels.mask(at)
    region = mask.region
    before = state.labels.read(at.frame, region)
    holes = ndimage.binary_fill_holes(mask.array) & (before == 0)
    yield from patched(
        at.frame, region, before, np.where(holes, np.int64(at.object_id), before)
    )


def _drawn(path: Sequence[tuple[float, float]], region: Region) -> NDArray[np.bool_]:
    """Pixels of a region on a line; it has no gaps that sides could pass through."""
    line = np.zeros(region.shape, bool)
    corners = np.asarray(path, float) - (region.top, region.left)
    for start, end in pairwise(corners):
        if np.abs(end - start).max() > _LONG:
            start, end = _clipped(start, end, line.shape)
        steps = int(np.ceil(4 * np.abs(end - start).max())) + 1
        along = np.linspace(0, 1, steps)[:, None]
        rows, cols = np.rint(start + along * (end - start)).astype(int).T
        inside = (rows >= 0) & (rows < line.shape[0])
        inside &= (cols >= 0) & (cols < line.shape[1])
        line[rows[inside], cols[inside]] = True
    return line


def _clipped(
    start: NDArray[np.float64], end: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the piece of a line that lies on a window, or none of it: a point."""
    low, high, along = np.full(2, -1.0), np.array(shape, float), end - start
    moves = along != 0
    cuts = np.stack([low - start, high - start])[:, moves] / along[moves]
    first, last = cuts.min(0).max(initial=0.0), cuts.max(0).min(initial=1.0)
    if first > last or ((start < low) | (start > high))[~moves].any():
        return start, start
    return start + first * along, start + last * along


def _within(region: Region, shape: tuple[int, int]) -> Region:
    return region.intersection(Region(0, 0, *shape))
