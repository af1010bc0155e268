"""Worker processes that each do one task at a time.

`concurrent.futures` gives up all of its workers when one of them is killed. Here a
worker that dies costs its own task, which is done again, and nothing of the others.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar

from napari_sam.core.errors import JobError
from napari_sam.jobs.executor import Failure, call_safely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from multiprocessing.connection import Connection
    from multiprocessing.context import SpawnProcess

T = TypeVar("T")
R = TypeVar("R")

#: Workers that a task may cost before it is given up.
_ATTEMPTS = 3
#: Seconds that a worker has to end by itself.
_PATIENCE = 10


@dataclass(slots=True)
class _Worker(Generic[R]):
    """A process, and the pipe to it."""

    process: SpawnProcess
    pipe: Connection[object, R | Failure]
    task: int


def run_in_processes(
    worker: Callable[[], Callable[[T], R]], tasks: Sequence[T], *, workers: int
) -> Iterator[tuple[int, R | Failure]]:
    """Do tasks in processes of this machine: see `executor.run_tasks`.

    Raises
    ------
    JobError
        If one worker after the other ends and none has returned anything.
    """
    pool = _Pool(worker, tasks, workers)
    try:
        while pool.waiting or pool.busy:
            pool.hand_out()
            for one in _wait_any(pool.busy):
                result = pool.take(one)
                if result is not None:
                    yield one.task, result
    finally:
        pool.close()


class _Pool(Generic[T, R]):
    """Processes, which are started when they are needed, and the tasks they do."""

    def __init__(
        self,
        worker: Callable[[], Callable[[T], R]],
        tasks: Sequence[T],
        workers: int,
    ) -> None:
        self._make, self._tasks, self._workers = worker, tasks, workers
        self.waiting = deque(range(len(tasks)))
        self.busy: list[_Worker[R]] = []
        self._idle: list[_Worker[R]] = []
        self._lost, self._deaths_in_a_row = Counter[int](), 0

    def hand_out(self) -> None:
        """Give tasks to workers until all are busy."""
        while self.waiting and len(self.busy) < self._workers:
            one = self._idle.pop() if self._idle else _started(self._make)
            _send(one, self.waiting.popleft(), self._tasks)
            self.busy.append(one)

    def take(self, one: _Worker[R]) -> R | Failure | None:
        """Return the result of a worker; None if its task is to be done again."""
        self.busy.remove(one)
        result = _receive(one)
        if result is None:
            return self._died(one)
        self._idle.append(one)
        self._deaths_in_a_row = 0
        return result

    def close(self) -> None:
        """End all processes."""
        for one in self.busy:
            one.process.terminate()
        for one in (*self.busy, *self._idle):
            one.pipe.close()  # one that waits for a task ends by itself
        for one in (*self.busy, *self._idle):
            one.process.join(_PATIENCE)
            one.process.kill()
            one.process.join()

    def _died(self, one: _Worker[R]) -> Failure | None:
        """Have a task done again, or give it up."""
        self._deaths_in_a_row += 1
        if self._deaths_in_a_row == _ATTEMPTS * (self._workers + 1):
            raise JobError(_none_lives(one))
        self._lost[one.task] += 1
        if self._lost[one.task] >= _ATTEMPTS:
            return _given_up(one)
        self.waiting.appendleft(one.task)
        return None


def _started(worker: Callable[[], Callable[[T], R]]) -> _Worker[R]:
    context = multiprocessing.get_context("spawn")
    parent_end, child_end = context.Pipe()
    process = context.Process(target=_serve, args=(child_end, worker), daemon=True)
    with _ignoring_interrupts():
        process.start()
    child_end.close()
    return _Worker(process, parent_end, -1)


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Start processes in here that ignore Ctrl-C: it is for this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _send(worker: _Worker[R], task: int, tasks: Sequence[object]) -> None:
    worker.task = task
    with suppress(OSError):  # it is dead: that is noticed when no result comes
        worker.pipe.send(tasks[task])


def _wait_any(busy: list[_Worker[R]]) -> list[_Worker[R]]:
    """Wait until a worker has a result or died."""
    ready = wait([w.pipe for w in busy] + [w.process.sentinel for w in busy])
    return [w for w in busy if w.pipe in ready or w.process.sentinel in ready]


def _receive(worker: _Worker[R]) -> R | Failure | None:
    """Return a worker's result, or None if it is dead."""
    try:
        if worker.pipe.poll():
            return worker.pipe.recv()
    except (EOFError, OSError):
        pass
    worker.process.join()
    worker.pipe.close()
    return None


def _given_up(worker: _Worker[R]) -> Failure:
    return Failure(
        f"{_ATTEMPTS} workers ended {_how(worker)} while they did this. Perhaps the "
        "memory does not suffice: take fewer workers or smaller tiles."
    )


def _none_lives(worker: _Worker[R]) -> str:
    return (
        f"Workers end {_how(worker)} before they have done anything. Perhaps the "
        "memory does not suffice for so many: take fewer. In a script of your own, the "
        'call belongs under `if __name__ == "__main__":`.'
    )


def _how(worker: _Worker[R]) -> str:
    code = worker.process.exitcode or 0
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _serve(
    pipe: Connection[R | Failure, T], worker: Callable[[], Callable[[T], R]]
) -> None:
    """Do what comes through a pipe until it is closed; the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    call = worker()
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):  # the latter with a result that nobody has read
            _end_undisturbed()
            return
        result = call_safely(call, task)
        with suppress(OSError):  # nobody waits for it any more
            pipe.send(result)


def _end(*_: object) -> NoReturn:
    """End as Python does, which lets go of locks."""
    _end_undisturbed()
    sys.exit()


def _end_undisturbed() -> None:
    """Take no request to end any more: it is being done, and must not be broken off."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
