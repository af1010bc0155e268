"""Where every object lies in the labels, by object and by frame."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region
from napari_sam.session.labels.pair_table import PairTable, Row

if TYPE_CHECKING:
    from numpy.typing import NDArray


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

    def joined(self, other: Footprint) -> Footprint:
        """Return the footprint of the pixels of both."""
        a, b = self.region, other.region
        around = Region(
            min(a.top, b.top),
            min(a.left, b.left),
            max(a.bottom, b.bottom),
            max(a.right, b.right),
        )
        return Footprint(around, self.area + other.area)


class Footprints(Mapping[Address, Footprint]):
    """The footprint of every object in every frame: a mapping with two indices.

    A million take 56 MB, and a query of one object or one frame takes as long as its
    result.
    """

    def __init__(self) -> None:
        self._by_object = PairTable(columns=5)
        self._by_frame = PairTable(columns=0)

    def __len__(self) -> int:
        return len(self._by_object)

    def __contains__(self, at: object) -> bool:
        return (
            isinstance(at, Address)
            and self._by_object.get(at.object_id, at.frame) is not None
        )

    def __getitem__(self, at: Address) -> Footprint:
        row = self._by_object.get(at.object_id, at.frame)
        if row is None:
            raise KeyError(at)
        return Footprint(Region(*row[:4]), row[4])

    def __iter__(self) -> Iterator[Address]:
        for frame in self.frames:
            for object_id in self.in_frame(frame):
                yield Address(frame, object_id)

    @property
    def frames(self) -> list[int]:
        """Frames in which any object lies, in order."""
        return self._by_frame.firsts()

    @property
    def object_ids(self) -> list[int]:
        """Numbers of all objects that have pixels, in order."""
        return self._by_object.firsts()

    def in_frame(self, frame: int) -> list[int]:
        """Return the numbers of the objects in a frame, in order."""
        return self._by_frame.seconds(frame)

    def of_object(self, object_id: int) -> list[Address]:
        """Return where an object has pixels, frame by frame."""
        frames = self._by_object.seconds(object_id)
        return [Address(frame, object_id) for frame in frames]

    def gain(self, frame: int, object_id: int, part: Footprint) -> None:
        """Take account of pixels that an object gained."""
        row, around = self._by_object.get(object_id, frame), part.region
        if row is None:
            self._by_frame.set(frame, object_id, (), is_new=True)
            now: Row = (*_edges(around), part.area)
        else:
            now = (
                min(row[0], around.top),
                min(row[1], around.left),
                max(row[2], around.bottom),
                max(row[3], around.right),
                row[4] + part.area,
            )
        self._by_object.set(object_id, frame, now, is_new=row is None)

    def lose(self, frame: int, object_id: int, area: int) -> None:
        """Take account of pixels that an object lost; without any, it is gone."""
        row = self._by_object.get(object_id, frame)
        if row is None:
            return
        if area < row[4]:
            now = (*row[:4], row[4] - area)
            self._by_object.set(object_id, frame, now, is_new=False)
        else:
            self._by_object.drop(object_id, frame)
            self._by_frame.drop(frame, object_id)

    def load(self, found: Iterable[tuple[int, Mapping[int, Footprint]]]) -> None:
        """Take in the objects of frames of which nothing is known yet."""
        rows = [
            (frame, object_id, *_edges(here.region), here.area)
            for frame, objects in found
            for object_id, here in objects.items()
        ]
        if rows:
            table = np.array(rows, np.int64)
            frames, ids = table[:, 0], table[:, 1]
            self._by_object.extend(ids, frames, table[:, 2:])
            self._by_frame.extend(frames, ids, table[:, :0])


def footprints_in(
    region: Region,
    pixels: NDArray[np.intp],
    values: NDArray[np.integer],
    lengths: NDArray[np.int64],
) -> dict[int, Footprint]:
    """Return the footprint of each label among some pixels of a region.

    Parameters
    ----------
    region
        Where the pixels lie.
    pixels
        Their places in the region, row by row, in order.
    values, lengths
        Their labels, as runs.
    """
    rows, cols = np.divmod(pixels, region.shape[1])
    starts = np.cumsum(lengths) - lengths
    ids, which = np.unique(values, return_inverse=True)
    top, left = (np.full(len(ids), np.iinfo(np.int64).max) for _ in "ab")
    bottom, right = (np.zeros(len(ids), np.int64) for _ in "ab")
    np.minimum.at(top, which, rows[starts])
    np.maximum.at(bottom, which, rows[starts + lengths - 1] + 1)
    np.minimum.at(left, which, np.minimum.reduceat(cols, starts))
    np.maximum.at(right, which, np.maximum.reduceat(cols, starts) + 1)
    areas = np.bincount(which, lengths, len(ids)).astype(np.int64)
    edges = np.stack([top, left, bottom, right], axis=1)
    edges += (region.top, region.left, region.top, region.left)
    return {
        object_id: Footprint(Region(*box), area)
        for object_id, box, area in zip(
            ids.tolist(), edges.tolist(), areas.tolist(), strict=True
        )
    }


def _edges(region: Region) -> tuple[int, int, int, int]:
    return region.top, region.left, region.bottom, region.right
