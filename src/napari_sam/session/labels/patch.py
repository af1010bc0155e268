"""A change of labels, packed: undo keeps thousands of these."""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass, replace
from operator import index
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_sam.core.json_values import JsonDict, JsonObject

#: Labels are below this: they are uint32.
_ABOVE = 2**32


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

    @property
    def count(self) -> int:
        """How many labels there are; -1 if lengths and values do not agree."""
        if len(self.values) != len(self.lengths) or min(self.lengths, default=1) < 1:
            return -1
        return sum(self.lengths)

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

    @property
    def objects(self) -> set[int]:
        """Numbers of the objects that gain or lose pixels."""
        return {*self.before.values, *self.after.values} - {0}

    def inverse(self) -> LabelPatch:
        """Return the patch that undoes this one."""
        return replace(self, before=self.after, after=self.before)

    def on(self, labels: NDArray[np.integer]) -> LabelPatch | None:
        """Return the patch that draws the same into other labels; None if it is there.

        Parameters
        ----------
        labels
            What the region holds now, ``(rows, cols)``.
        """
        changed = self.changed
        now = labels[changed]
        if np.array_equal(now, self.before.expand()):
            return self
        after = labels.astype(np.int64)
        after[changed] = self.after.expand()
        return LabelPatch.between(self.frame, self.region, labels, after)

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
        """Inverse of `to_dict`.

        Raises
        ------
        SessionError
            If it says other than what a patch can be: pixels that are not as many as
            their labels, or labels that are none.
        """
        try:
            region = Region(*map(index, data["region"]))
            before, after = (
                Runs(tuple(map(index, values)), tuple(map(index, lengths)))
                for values, lengths in (data["before"], data["after"])
            )
            bits = b64decode(data["bits"], validate=True)
            patch = cls(index(data["frame"]), region, bits, before, after)
            is_whole = patch._is_whole()
        except (LookupError, TypeError, ValueError, zlib.error) as wrong:
            raise SessionError(f"A change of labels is damaged: {wrong}.") from wrong
        if not is_whole:
            raise SessionError(
                "A change of labels is damaged: its pixels are not as many as its "
                "labels."
            )
        return patch

    def _is_whole(self) -> bool:
        """Whether pixels and labels agree; nothing larger than they say is made."""
        height, width = self.region.shape
        size = -(-height * width // 8)
        unpacker = zlib.decompressobj()
        packed = unpacker.decompress(self.bits, max(size, 0) + 1)
        count = int.from_bytes(packed, "big").bit_count()
        sides = (self.before, self.after)
        return (
            self.frame >= 0
            and min(height, width, self.region.top + 1, self.region.left + 1) > 0
            and len(packed) == size
            and unpacker.eof
            and all(runs.count == count for runs in sides)
            and all(0 <= v < _ABOVE for runs in sides for v in runs.values)
        )


def runs_of(
    labels: NDArray[np.integer],
) -> tuple[NDArray[np.integer], NDArray[np.int64]]:
    """Return the runs of a flat array: labels, and how often each is repeated."""
    if not labels.size:
        return labels, np.zeros(0, np.int64)
    starts = np.flatnonzero(np.r_[True, labels[1:] != labels[:-1]])
    return labels[starts], np.diff(np.r_[starts, labels.size])
