"""A change of labels, packed: undo keeps thousands of these."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.json_values import JsonDict, JsonObject


@dataclass(frozen=True, slots=True)
class Runs:
    """A sequence of labels, as values and how often each is repeated."""

    values: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, labels: NDArray[np.integer]) -> Runs:
        """Find the runs of a flat array."""
        values, lengths = runs_of(labels)
        return cls(tuple(values.tolist()), tuple(lengths.tolist()))

    def expand(self) -> NDArray[np.uint32]:
        """Return the flat array."""
        return np.repeat(np.array(self.values, np.uint32), self.lengths)


@dataclass(frozen=True, slots=True)
class LabelPatch:
    """Pixels of one plane that changed, and what they were and became.

    Attributes
    ----------
    frame
        The plane.
    region
        The smallest rectangle around the pixels.
    bits
        Which pixels of the region, row by row: packed and compressed.
    before, after
        Their labels.
    """

    frame: int
    region: Region
    bits: bytes
    before: Runs
    after: Runs

    @classmethod
    def between(
        cls, frame: int, region: Region, before: ArrayLike, after: ArrayLike
    ) -> LabelPatch | None:
        """Return what differs between two states of a region, or None if nothing."""
        old, new = np.asarray(before), np.asarray(after)
        changed = old != new
        box = Region.around(changed)
        if not min(box.shape):
            return None
        old, new, changed = old[box.slices], new[box.slices], changed[box.slices]
        return cls(
            frame=frame,
            region=box.shifted(region.top, region.left),
            bits=zlib.compress(np.packbits(changed).tobytes(), 1),
            before=Runs.of(old[changed]),
            after=Runs.of(new[changed]),
        )

    @property
    def changed(self) -> NDArray[np.bool_]:
        """True where a pixel of the region changed."""
        packed = np.frombuffer(zlib.decompress(self.bits), np.uint8)
        height, width = self.region.shape
        flat = np.unpackbits(packed, count=height * width)
        return flat.reshape(height, width).astype(bool)

    def inverse(self) -> LabelPatch:
        """Return the patch that undoes this one."""
        return replace(self, before=self.after, after=self.before)

    def to_dict(self) -> JsonDict:
        """Plain JSON types; `from_dict` is the exact inverse."""
        box = self.region
        return {
            "frame": self.frame,
            "region": [box.top, box.left, box.bottom, box.right],
            "bits": b64encode(self.bits).decode(),
            "before": [list(self.before.values), list(self.before.lengths)],
            "after": [list(self.after.values), list(self.after.lengths)],
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> LabelPatch:
        """Inverse of `to_dict`."""
        before, after = (
            Runs(tuple(values), tuple(lengths))
            for values, lengths in (data["before"], data["after"])
        )
        bits = b64decode(data["bits"])
        return cls(data["frame"], Region(*data["region"]), bits, before, after)


def runs_of(
    labels: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """Return the runs of a flat array: labels, and how often each is repeated."""
    if not labels.size:
        return labels, np.zeros(0, np.int64)
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    return labels[starts], np.diff(np.r_[starts, labels.size])
