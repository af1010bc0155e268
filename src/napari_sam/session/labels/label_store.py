"""The labels of a stack, and where its objects lie: all that reads or writes them."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError, SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.session.labels.arrays import empty_labels, is_untouched, labels_shape
from napari_sam.session.labels.deferred import DeferredLabels
from napari_sam.session.labels.footprints import Footprint, Footprints, footprints_in
from napari_sam.session.labels.patch import LabelPatch, runs_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import DTypeLike, NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.session.labels.arrays import LabelArray, Window
    from napari_sam.session.labels.patch import Runs

#: The largest number an object can have, of any type of labels.
MOST = 2**32 - 1
#: Side of the windows in which labels are looked through.
_WINDOW = 2048


class LabelStore:
    """Labels in memory or on disk, with the footprint of every object.

    Parameters
    ----------
    frames
        The image, for the shape of its planes and how they lie.
    array
        Its labels, ``(*frames.sizes, *frames.plane_shape)``: they are written to. By
        default, a new array of uint32, on disk if it is large.

    Attributes
    ----------
    array
        The labels.
    footprints
        Where each object lies; written by `write` alone.

    Raises
    ------
    ImageError
        If the labels do not fit the image, or are no integers.
    """

    def __init__(self, frames: Frames, array: LabelArray | None = None) -> None:
        self.array = empty_labels(frames) if array is None else array
        self.plane_shape = frames.plane_shape
        self._leading = tuple(frames.sizes.values())
        self._versions: Counter[int] = Counter()
        self.footprints = Footprints()
        if array is not None:
            _check(array, labels_shape(frames))
            if not is_untouched(array):
                every = range(len(self))
                self.footprints.load((frame, self._find(frame)) for frame in every)

    def __len__(self) -> int:
        return int(np.prod(self._leading, dtype=np.int64))

    def window(self, frame: int, region: Region) -> Window:
        """Return the index of a part of a plane in the array."""
        leading = np.unravel_index(frame, self._leading) if self._leading else ()
        return (*map(int, leading), *region.slices)

    def read(self, frame: int, region: Region) -> NDArray[np.integer]:
        """Return a copy of the labels of a part of a plane."""
        return np.array(self.array[self.window(frame, region)])

    def version(self, frame: int) -> int:
        """Return a number that is another one after each change of a plane."""
        return self._versions[frame]

    def mask(self, at: Address) -> Mask:
        """Return the pixels of an object in a plane.

        Raises
        ------
        SessionError
            If it has none there.
        """
        here = self.footprints.get(at)
        if here is None:
            raise SessionError(
                f"Object {at.object_id} has no pixels in frame {at.frame}."
            )
        top, left = here.region.top, here.region.left
        there = self.read(at.frame, here.region)
        return Mask.from_label(there, at.object_id, top=top, left=left)

    def overlapped(self, at: Address, mask: Prediction) -> dict[int, float]:
        """Return which other objects a mask lies on, and with how much of its area."""
        if not mask.area:
            return {}
        under = self.read(at.frame, mask.region)[mask.mask]
        ids, counts = np.unique(under, return_counts=True)
        return {
            int(i): float(n) / mask.area
            for i, n in zip(ids, counts, strict=True)
            if i not in (0, at.object_id)
        }

    def on(self, patch: LabelPatch) -> LabelPatch | None:
        """Return the patch that draws the same into the labels as they are now.

        Raises
        ------
        SessionError
            If it lies outside of the labels.
        """
        self._check_patch(patch)
        return patch.on(self.read(patch.frame, patch.region))

    def undraw(self, patch: LabelPatch) -> None:
        """Take back pixels of a patch that a window drew; no footprint has them yet."""
        self._check_patch(patch)
        window, changed = self.window(patch.frame, patch.region), patch.changed
        now = self.read(patch.frame, patch.region)
        drawn = now[changed] == patch.after.expand()
        if drawn.any():
            now[changed] = np.where(drawn, patch.before.expand(), now[changed])
            self.array[window] = now

    def write(self, patch: LabelPatch) -> None:
        """Change labels, and remember who gained and lost pixels."""
        self._check_patch(patch)
        window, changed = self.window(patch.frame, patch.region), patch.changed
        if isinstance(self.array, np.ndarray):
            self.array[window][changed] = patch.after.expand()
        elif isinstance(self.array, DeferredLabels):
            self.array.put(window, changed, patch.after.expand())
        else:
            self._write_window(window, changed, patch.after.expand())
        self._versions[patch.frame] += 1
        self._account(patch, changed)

    def packed(self) -> tuple[LabelPatch, ...]:
        """Return all labels as patches of nothing, plane by plane."""
        found = []
        for frame in self.footprints.frames:
            for window in _windows(self.plane_shape):
                labels = self.read(frame, window)
                nothing = np.zeros_like(labels)
                found.append(LabelPatch.between(frame, window, nothing, labels))
        return tuple(patch for patch in found if patch is not None)

    def _check_patch(self, patch: LabelPatch) -> None:
        check_fits(max(patch.after.values), self.array.dtype)
        rows, cols = self.plane_shape
        bottom, right = patch.region.bottom, patch.region.right
        if patch.frame >= len(self) or bottom > rows or right > cols:
            raise SessionError(
                f"A change of labels reaches to frame {patch.frame}, row {bottom} and "
                f"column {right}; these labels have {len(self)} frames of {rows} x "
                f"{cols}."
            )

    def _write_window(
        self, window: Window, changed: NDArray[np.bool_], labels: NDArray[np.uint32]
    ) -> None:
        """Write all of a window, since arrays on disk know no other way."""
        values = np.array(self.array[window])
        before = values.copy()
        values[changed] = labels
        try:
            self.array[window] = values
        except BaseException:
            # A part may have been written: to a full disk, what fits is the old.
            with suppress(Exception):
                self.array[window] = before
            raise

    def _account(self, patch: LabelPatch, changed: NDArray[np.bool_]) -> None:
        gained, lost = _gained(patch, changed), _areas(patch.before)
        gained.pop(0, None)
        lost.pop(0, None)
        for object_id, part in gained.items():
            self.footprints.gain(patch.frame, object_id, part)
        for object_id, area in lost.items():
            self.footprints.lose(patch.frame, object_id, area)

    def _find(self, frame: int) -> dict[int, Footprint]:
        """Look through the labels of a plane."""
        found: dict[int, Footprint] = {}
        for window in _windows(self.plane_shape):
            labels = self.read(frame, window)
            pixels = np.flatnonzero(labels)
            values, lengths = runs_of(labels.reshape(-1)[pixels])
            here = footprints_in(window, pixels, values, lengths)
            for object_id, part in here.items():
                known = found.get(object_id)
                found[object_id] = part if known is None else known.joined(part)
        _check_ids(found)
        return found


def _check(array: LabelArray, shape: tuple[int, ...]) -> None:
    if tuple(array.shape) != shape:
        raise ImageError(
            f"The labels have the shape {tuple(array.shape)}; this image needs "
            f"{shape}: one number per pixel, without channels."
        )
    if np.dtype(array.dtype).kind not in "ui":
        raise ImageError(f"Labels are integers; these are {array.dtype}.")


def _check_ids(found: dict[int, Footprint]) -> None:
    for object_id in found:
        if not 0 < object_id <= MOST:
            raise ImageError(
                f"The labels hold {object_id}; objects count from 1 to {MOST}."
            )


def check_fits(largest: int, dtype: DTypeLike) -> None:
    """Refuse a label that an array of this type cannot hold.

    Raises
    ------
    SessionError
        If it is too large.
    """
    most = _largest_label(np.dtype(dtype))
    if largest > most:
        raise SessionError(
            f"Label {largest} does not fit labels of type {dtype}, "
            f"which go up to {most}. Use labels of type uint32."
        )


@cache
def _largest_label(dtype: np.dtype[np.integer]) -> int:
    return min(int(np.iinfo(dtype).max), MOST)


def _windows(shape: tuple[int, int]) -> Iterator[Region]:
    for top in range(0, shape[0], _WINDOW):
        for left in range(0, shape[1], _WINDOW):
            bottom, right = min(top + _WINDOW, shape[0]), min(left + _WINDOW, shape[1])
            yield Region(top, left, bottom, right)


def _gained(patch: LabelPatch, changed: NDArray[np.bool_]) -> dict[int, Footprint]:
    runs = patch.after
    if len(set(runs.values)) == 1:
        return {runs.values[0]: Footprint(patch.region, sum(runs.lengths))}
    lengths = np.array(runs.lengths, np.int64)
    values = np.array(runs.values, np.int64)
    return footprints_in(patch.region, np.flatnonzero(changed), values, lengths)


def _areas(runs: Runs) -> dict[int, int]:
    if len(runs.values) == 1:
        return {runs.values[0]: runs.lengths[0]}
    ids, which = np.unique(np.array(runs.values, np.int64), return_inverse=True)
    areas = np.bincount(which, runs.lengths, len(ids)).astype(np.int64)
    return dict(zip(ids.tolist(), areas.tolist(), strict=True))
