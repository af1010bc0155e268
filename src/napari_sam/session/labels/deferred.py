"""Labels on disk that another thread writes: whoever changes them need not wait."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.session.labels.arrays import LabelArray, Window

#: Pixels that may wait to be written; beyond, a change waits for the disk.
_MOST_WAITING = 1 << 26


@dataclass(frozen=True, slots=True, eq=False)
class _Write:
    """Labels of some pixels of a plane, not yet on disk."""

    plane: tuple[int, ...]
    region: Region
    changed: NDArray[np.bool_]
    labels: NDArray[np.integer]

    @property
    def window(self) -> Window:
        return (*self.plane, *self.region.slices)

    def draw(self, region: Region, values: NDArray[np.integer]) -> None:
        """Draw them into what was read of a region of the same plane."""
        common = self.region.intersection(region)
        if min(common.shape) < 1:
            return
        mine = np.zeros(self.region.shape, values.dtype)
        mine[self.changed] = self.labels
        inside = common.shifted(-self.region.top, -self.region.left).slices
        here = values[common.shifted(-region.top, -region.left).slices]
        np.copyto(here, mine[inside], where=self.changed[inside])


class DeferredLabels:
    """An array of labels whose changes are read at once, and written by a thread.

    Nothing that waits is lost when the disk is full: it is tried again with the next
    change, which is refused if it fails again.

    Parameters
    ----------
    array
        The labels on disk; nobody else writes to them.
    close
        Called when this is collected, and nothing is written any more.
    """

    def __init__(self, array: LabelArray, close: Callable[[], object]) -> None:
        self.shape, self.dtype = array.shape, np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self._writer = _Writer(array)
        weakref.finalize(self, _close, self._writer, close)

    @property
    def base(self) -> LabelArray:
        """The labels on disk, with all that was written before."""
        self._writer.flush()
        return self._writer.array

    def put(
        self, window: Window, changed: NDArray[np.bool_], labels: NDArray[np.integer]
    ) -> None:
        """Change some pixels of a part of a plane.

        Raises
        ------
        OSError
            If earlier changes could not be written, and cannot be now.
        """
        located = self._located(window)
        if located is None:
            raise IndexError(f"{window} is no part of one plane of {self.shape}")
        self._writer.add(_Write(*located, changed, labels))

    def touches(self, window: Window) -> bool:
        """Whether anything was written in the chunks of a window."""
        touches = getattr(self.base, "touches", None)
        return touches is None or bool(touches(window))

    def __getitem__(self, index: Window) -> NDArray[np.integer]:
        located = self._located(index)
        if located is None:
            return np.asarray(self.base[index])
        plane, region = located
        return self._writer.read(plane, region)

    def __setitem__(self, index: Window, labels: ArrayLike) -> None:
        located = self._located(index)
        if located is None:
            self.base[index] = np.asarray(labels)
            return
        plane, region = located
        values = np.broadcast_to(np.asarray(labels, self.dtype), region.shape)
        everywhere = np.ones(region.shape, bool)
        self._writer.add(_Write(plane, region, everywhere, values.reshape(-1).copy()))

    def _located(self, index: Window) -> tuple[tuple[int, ...], Region] | None:
        """Return the plane and region of an index; None if it is of another form."""
        if not isinstance(index, tuple) or len(index) != self.ndim:
            return None
        *plane, rows, cols = index
        if not (isinstance(rows, slice) and isinstance(cols, slice)):
            return None
        if any(isinstance(at, slice) for at in plane):
            return None
        (top, bottom, down), (left, right, along) = (
            part.indices(size)
            for part, size in zip((rows, cols), self.shape[-2:], strict=True)
        )
        if (down, along) != (1, 1) or bottom < top or right < left:
            return None
        where = tuple(
            int(at) % size  # type: ignore[arg-type]
            for at, size in zip(plane, self.shape, strict=False)
        )
        return where, Region(top, left, bottom, right)


class _Writer:
    """A thread that writes, one after another, what waits."""

    def __init__(self, array: LabelArray) -> None:
        self.array = array
        self._waiting: deque[_Write] = deque()
        self._pixels = 0
        self._state = threading.Condition()
        self._disk = threading.Lock()
        self._failed: BaseException | None = None
        self._closed = False
        self._thread: threading.Thread | None = None

    def add(self, write: _Write) -> None:
        if self._failed is not None or self._pixels > _MOST_WAITING:
            self.flush()
        with self._state:
            self._waiting.append(write)
            self._pixels += write.changed.size
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="napari-sam labels", daemon=True
                )
                self._thread.start()
            self._state.notify_all()

    def read(self, plane: tuple[int, ...], region: Region) -> NDArray[np.integer]:
        with self._state:
            waiting = [write for write in self._waiting if write.plane == plane]
        with self._disk:
            values = self._read_disk((*plane, *region.slices))
        _draw_all(waiting, region, values)
        return values

    def flush(self) -> None:
        """Wait until all is on the disk.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        with self._state:
            self._failed = None
            self._state.notify_all()
            self._state.wait_for(lambda: not self._waiting or self._failed is not None)
            if self._failed is not None:
                raise self._failed

    def close(self) -> None:
        with self._state:
            self._closed = True
            self._waiting.clear()
            self._state.notify_all()
        if self._thread not in (None, threading.current_thread()):
            self._thread.join(10)

    def _run(self) -> None:
        while True:
            with self._state:
                self._state.wait_for(self._can_go_on)
                if self._closed:
                    return
                write = self._waiting[0]
            failed = self._write(write)
            with self._state:
                self._failed = failed
                if failed is None and self._waiting:
                    self._waiting.popleft()
                    self._pixels -= write.changed.size
                self._state.notify_all()

    def _can_go_on(self) -> bool:
        return self._closed or (bool(self._waiting) and self._failed is None)

    def _write(self, write: _Write) -> BaseException | None:
        try:
            with self._disk:
                values = self._read_disk(write.window)
                values[write.changed] = write.labels
                self.array[write.window] = values
        except Exception as wrong:
            return wrong
        return None

    def _read_disk(self, window: Window) -> NDArray[np.integer]:
        """Read a window; where nothing was written yet, the disk is not read."""
        touches = getattr(self.array, "touches", None)
        if touches is not None and not touches(window):
            parts = [part for part in window if isinstance(part, slice)]
            shape = [part.stop - part.start for part in parts]
            return np.zeros(shape, self.array.dtype)
        return np.array(self.array[window])


def _draw_all(
    writes: Iterable[_Write], region: Region, values: NDArray[np.integer]
) -> None:
    for write in writes:
        write.draw(region, values)


def _close(writer: _Writer, close: Callable[[], object]) -> None:
    writer.close()
    close()
