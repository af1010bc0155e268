"""A table whose rows are named by two numbers: small in memory, sorted by the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Row: TypeAlias = "tuple[int, ...]"

#: Bits of the second number.
_BITS = 32
_LOW = (1 << _BITS) - 1
#: Rows that may lie beside the sorted ones, and the share of those that may.
_BESIDE, _SHARE = 4096, 8


class PairTable:
    """Rows of whole numbers by pairs ``(first, second)``, each below 2**32.

    Most rows lie in one sorted array. What was changed since lies in dictionaries
    beside it, and is sorted in now and then: a change takes microseconds on average.

    Parameters
    ----------
    columns
        Numbers in each row.
    """

    def __init__(self, columns: int) -> None:
        self._keys = np.zeros(0, np.uint64)
        self._rows = np.zeros((0, columns), np.int64)
        self._beside: dict[int, dict[int, Row | None]] = {}
        self._changes, self._count = 0, 0

    def __len__(self) -> int:
        return self._count

    def get(self, first: int, second: int) -> Row | None:
        """Return the row of a pair, or None."""
        beside = self._beside.get(first)
        if beside is not None and second in beside:
            return beside[second]
        key = np.uint64(first << _BITS | second)
        at = int(self._keys.searchsorted(key))
        if at == len(self._keys) or self._keys[at] != key:
            return None
        return tuple(self._rows[at].tolist())

    def set(self, first: int, second: int, row: Row, *, is_new: bool) -> None:
        """Set the row of a pair of which it is known whether it is there."""
        self._count += is_new
        self._change(first, second, row)

    def drop(self, first: int, second: int) -> None:
        """Remove the row of a pair, if there is one."""
        if self.get(first, second) is not None:
            self._count -= 1
            self._change(first, second, None)

    def seconds(self, first: int) -> list[int]:
        """Return every second number that a first one goes with, sorted."""
        low, high = np.array([first << _BITS, first << _BITS | _LOW], np.uint64)
        start = int(self._keys.searchsorted(low))
        stop = int(self._keys.searchsorted(high, side="right"))
        found: list[int] = (self._keys[start:stop] & np.uint64(_LOW)).tolist()
        beside = self._beside.get(first)
        if not beside:
            return found
        rest = [second for second in found if second not in beside]
        return sorted([*rest, *(s for s, row in beside.items() if row is not None)])

    def firsts(self) -> list[int]:
        """Return every first number, sorted."""
        known = set(np.unique(self._keys >> np.uint64(_BITS)).tolist())
        changed = {first for first in self._beside if self.seconds(first)}
        return sorted((known - self._beside.keys()) | changed)

    def extend(
        self,
        firsts: NDArray[np.int64],
        seconds: NDArray[np.int64],
        rows: NDArray[np.int64],
    ) -> None:
        """Set the rows of many pairs, none of which is there yet, at once."""
        keys = firsts.astype(np.uint64) << np.uint64(_BITS) | seconds.astype(np.uint64)
        self._count += len(keys)
        self._sort_in(self._keys, self._rows, keys, rows)

    def _change(self, first: int, second: int, row: Row | None) -> None:
        self._beside.setdefault(first, {})[second] = row
        self._changes += 1
        if self._changes > max(_BESIDE, len(self._keys) // _SHARE):
            self._settle()

    def _settle(self) -> None:
        """Sort in what was changed."""
        changed = [
            (first << _BITS | second, row)
            for first, beside in self._beside.items()
            for second, row in beside.items()
        ]
        old = ~np.isin(self._keys, np.array([key for key, _ in changed], np.uint64))
        there = [(key, row) for key, row in changed if row is not None]
        keys = np.array([key for key, _ in there], np.uint64)
        rows = np.array([row for _, row in there], np.int64)
        self._beside, self._changes = {}, 0
        self._sort_in(self._keys[old], self._rows[old], keys, rows)

    def _sort_in(
        self,
        keys: NDArray[np.uint64],
        rows: NDArray[np.int64],
        new_keys: NDArray[np.uint64],
        new_rows: NDArray[np.int64],
    ) -> None:
        together = np.concatenate([keys, new_keys])
        order = np.argsort(together, kind="stable")
        self._keys = together[order]
        new_rows = new_rows.reshape(len(new_keys), self._rows.shape[1])
        self._rows = np.concatenate([rows, new_rows])[order]
