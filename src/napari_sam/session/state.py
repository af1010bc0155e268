"""All that a session knows, and where each object lies. It changes through edits."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count as naturals
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.session.patch import LabelPatch
from napari_sam.session.values import ObjectInfo, Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames

#: The largest number an object can have, of any type of labels.
MOST = 2**32 - 1
#: Side of the windows in which labels are looked through.
_WINDOW = 2048


@dataclass(frozen=True, slots=True)
class Footprint:
    """Where an object lies in a plane.

    Attributes
    ----------
    region
        A rectangle around its pixels; it may be larger than the smallest one.
    area
        How many pixels it has.
    """

    region: Region
    area: int


@dataclass(slots=True, eq=False)
class State:
    """Labels, what was said, and what is known of objects.

    Attributes
    ----------
    frames
        The image, for the shape of its planes and how they lie.
    labels
        Numbers of objects, ``(*frames.sizes, *frames.plane_shape)``: a numpy array or
        anything that windows can be read from and written to, such as a zarr array.
    asked
        Open questions.
    kept
        Questions whose answers are in the labels.
    objects
        Names, classes and the like, by the number of the object.
    footprints
        Where objects lie in the labels.
    """

    frames: Frames
    labels: Any
    asked: dict[Address, Question] = field(default_factory=dict)
    kept: dict[Address, Question] = field(default_factory=dict)
    objects: dict[int, ObjectInfo] = field(default_factory=dict)
    footprints: dict[Address, Footprint] = field(default_factory=dict)

    @classmethod
    def empty(cls, frames: Frames) -> State:
        """Start without labels."""
        shape = (*frames.sizes.values(), *frames.plane_shape)
        return cls(frames, np.zeros(shape, np.uint32))

    @classmethod
    def over(cls, frames: Frames, labels: Any) -> State:
        """Start from labels that are there.

        Raises
        ------
        ImageError
            If they do not fit the image, or are no integers.
        """
        shape = (*frames.sizes.values(), *frames.plane_shape)
        if tuple(labels.shape) != shape:
            raise ImageError(
                f"The labels have the shape {tuple(labels.shape)}; this image needs "
                f"{shape}: one number per pixel, without channels."
            )
        if np.dtype(labels.dtype).kind not in "ui":
            raise ImageError(f"Labels are integers; these are {labels.dtype}.")
        state = cls(frames, labels)
        if _is_untouched(labels):
            return state
        for frame in range(len(frames)):
            state.footprints.update(state.find(frame))
        state.objects = {
            at.object_id: ObjectInfo(status="committed") for at in state.footprints
        }
        return state

    def window(self, frame: int, region: Region) -> tuple[Any, ...]:
        """Return the index of a part of a plane in the labels."""
        return (*self.frames.unravel(frame).values(), *region.slices)

    def read(self, frame: int, region: Region) -> NDArray[Any]:
        """Return a copy of the labels of a part of a plane."""
        return np.array(self.labels[self.window(frame, region)])

    def of_object(self, object_id: int) -> list[Address]:
        """Return where an object has pixels, plane by plane."""
        return sorted(at for at in self.footprints if at.object_id == object_id)

    def approved(self) -> set[int]:
        """Return the numbers of objects that are protected."""
        return {i for i, info in self.objects.items() if info.status == "approved"}

    def free_id(self) -> int:
        """Return the number after the largest in use."""
        return self.free_ids(1)[0]

    def free_ids(self, count: int) -> list[int]:
        """Return numbers after the largest in use, or any that are free."""
        used = {at.object_id for at in (*self.asked, *self.kept, *self.footprints)}
        used |= set(self.objects)
        first = max(used, default=0) + 1
        if first + count - 1 <= MOST:
            return list(range(first, first + count))
        return list(islice((i for i in naturals(1) if i not in used), count))

    def mask(self, at: Address) -> tuple[Region, NDArray[np.bool_]]:
        """Return the pixels of an object in a plane, and where they are.

        Raises
        ------
        SessionError
            If it has none there.
        """
        if at not in self.footprints:
            raise SessionError(
                f"Object {at.object_id} has no pixels in frame {at.frame}."
            )
        region = self.footprints[at].region
        return region, self.read(at.frame, region) == at.object_id

    def write(self, patch: LabelPatch) -> None:
        """Change labels, and remember who gained and lost pixels."""
        values = self.read(patch.frame, patch.region)
        largest = max(patch.after.values)
        most = min(int(np.iinfo(values.dtype).max), MOST)
        if largest > most:
            raise SessionError(
                f"Label {largest} does not fit labels of type {values.dtype}, "
                f"which go up to {most}. Use labels of type uint32."
            )
        before = values.copy()
        values[patch.changed] = patch.after.expand()
        window = self.window(patch.frame, patch.region)
        try:
            self.labels[window] = values
        except BaseException:
            # A part may have been written: to a full disk, what fits is the old.
            with suppress(Exception):
                self.labels[window] = before
            raise
        self._account(patch)

    def find(self, frame: int) -> dict[Address, Footprint]:
        """Look through the labels of a plane."""
        found: dict[Address, Footprint] = {}
        for window in _windows(self.frames.plane_shape):
            for object_id, part in _footprints(self.read(frame, window), window):
                at = Address(frame, object_id)
                found[at] = _joined(found.get(at), part)
        return found

    def packed(self) -> tuple[LabelPatch, ...]:
        """Return all labels as patches of nothing, plane by plane."""
        found = []
        for frame in sorted({at.frame for at in self.footprints}):
            for window in _windows(self.frames.plane_shape):
                labels = self.read(frame, window)
                nothing = np.zeros_like(labels)
                found.append(LabelPatch.between(frame, window, nothing, labels))
        return tuple(patch for patch in found if patch is not None)

    def _account(self, patch: LabelPatch) -> None:
        gained: defaultdict[int, int] = defaultdict(int)
        for runs, sign in ((patch.before, -1), (patch.after, 1)):
            for value, length in zip(runs.values, runs.lengths, strict=True):
                gained[value] += sign * length
        gained.pop(0, None)
        for object_id, pixels in gained.items():
            at = Address(patch.frame, object_id)
            now = _joined(self.footprints.get(at), Footprint(patch.region, pixels))
            if now.area > 0:
                self.footprints[at] = now
            else:
                self.footprints.pop(at, None)


def _is_untouched(labels: Any) -> bool:
    """Whether nothing was ever written to a zarr array of zeros: no need to look."""
    written = getattr(labels, "nchunks_initialized", None)
    return written == 0 and not getattr(labels, "fill_value", 1)


def _joined(one: Footprint | None, other: Footprint) -> Footprint:
    if one is None:
        return other
    a, b = one.region, other.region
    around = Region(
        min(a.top, b.top),
        min(a.left, b.left),
        max(a.bottom, b.bottom),
        max(a.right, b.right),
    )
    return replace(one, region=around, area=one.area + other.area)


def _windows(shape: tuple[int, int]) -> Iterator[Region]:
    for top in range(0, shape[0], _WINDOW):
        for left in range(0, shape[1], _WINDOW):
            bottom, right = min(top + _WINDOW, shape[0]), min(left + _WINDOW, shape[1])
            yield Region(top, left, bottom, right)


def _footprints(
    labels: NDArray[Any], window: Region
) -> Iterator[tuple[int, Footprint]]:
    """Every object of a window; the numbers may be as large as they like."""
    rows, cols = np.nonzero(labels)
    ids, which = np.unique(labels[rows, cols], return_inverse=True)
    top, left = np.full(len(ids), window.bottom), np.full(len(ids), window.right)
    bottom, right = np.zeros(len(ids), int), np.zeros(len(ids), int)
    np.minimum.at(top, which, rows + window.top)
    np.minimum.at(left, which, cols + window.left)
    np.maximum.at(bottom, which, rows + window.top + 1)
    np.maximum.at(right, which, cols + window.left + 1)
    areas = np.bincount(which, minlength=len(ids))
    for i, object_id in enumerate(ids.tolist()):
        if not 0 < object_id <= MOST:
            raise ImageError(
                f"The labels hold {object_id}; objects count from 1 to {MOST}."
            )
        region = Region(int(top[i]), int(left[i]), int(bottom[i]), int(right[i]))
        yield object_id, Footprint(region, int(areas[i]))
