"""A cache of images and masks that were read, so that small data is read once."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

__all__ = ["ReadCache"]

T = TypeVar("T")


class ReadCache:
    """Cache of values of up to `limit` bytes; the least recently used leave first.

    Safe to share between threads. Sent to another process, it arrives empty.

    Parameters
    ----------
    limit
        In bytes. The newest value stays even if it alone exceeds this.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._items: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._nbytes = 0
        self._lock = Lock()

    def __getstate__(self) -> int:
        return self.limit

    def __setstate__(self, limit: int) -> None:
        ReadCache.__init__(self, limit)

    @property
    def nbytes(self) -> int:
        """Bytes in the cache."""
        return self._nbytes

    def get(self, key: Hashable, read: Callable[[], T], size: Callable[[T], int]) -> T:
        """Return a value from the cache, or read it."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                found: T = self._items[key][0]
                return found
        value = read()
        self._put(key, value, size(value))
        return value

    def _put(self, key: Hashable, value: object, nbytes: int) -> None:
        dropped = []  # freed outside the lock: it may take long
        with self._lock:
            self._nbytes -= self._items.pop(key, (None, 0))[1]
            self._items[key] = (value, nbytes)
            self._nbytes += nbytes
            while self._nbytes > self.limit and len(self._items) > 1:
                dropped.append(self._items.popitem(last=False)[1])
                self._nbytes -= dropped[-1][1]
