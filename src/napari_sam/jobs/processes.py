"""A few processes that each do one task at a time.

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
from typing import TYPE_CHECKING, Any, TypeVar

from napari_sam.core.errors import JobError
from napari_sam.jobs.executor import Failure, failure_reason

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
class _Worker:
    process: SpawnProcess
    pipe: Connection[Any, Any]
    task: int


def run_in_processes(
    call: Callable[[T], R], tasks: Sequence[T], *, workers: int
) -> Iterator[tuple[int, R | Failure]]:
    """Do tasks in processes of this machine: see `running.run`.

    Raises
    ------
    JobError
        If one worker after the other ends and none has answered anything.
    """
    waiting, lost, in_vain = deque(range(len(tasks))), Counter[int](), 0
    busy: list[_Worker] = []
    idle: list[_Worker] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                worker = idle.pop() if idle else _started(call)
                _send(worker, waiting.popleft(), tasks)
                busy.append(worker)
            for worker in _wait_any(busy):
                busy.remove(worker)
                answer = _receive(worker)
                if answer is not None:
                    idle.append(worker)
                    in_vain = 0
                    yield worker.task, answer
                    continue
                in_vain += 1
                if in_vain == _ATTEMPTS * (workers + 1):
                    raise JobError(_none_lives(worker))
                lost[worker.task] += 1
                if lost[worker.task] < _ATTEMPTS:
                    waiting.appendleft(worker.task)
                else:
                    yield worker.task, _given_up(worker)
    finally:
        for worker in busy:
            worker.process.terminate()
        for worker in (*busy, *idle):
            worker.pipe.close()  # one that waits for a task ends by itself
        for worker in (*busy, *idle):
            worker.process.join(_PATIENCE)
            worker.process.kill()
            worker.process.join()


def _started(call: Callable[[T], R]) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, call), daemon=True)
    with _ignoring_interrupts():
        process.start()
    theirs.close()
    return _Worker(process, ours, -1)


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Start processes in here that do not hear Ctrl-C: it is for this one."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _send(worker: _Worker, task: int, tasks: Sequence[Any]) -> None:
    worker.task = task
    with suppress(OSError):  # it is dead: that is noticed when nothing is heard
        worker.pipe.send(tasks[task])


def _wait_any(busy: list[_Worker]) -> list[_Worker]:
    """Wait until one has answered or died."""
    ready = wait([w.pipe for w in busy] + [w.process.sentinel for w in busy])
    return [w for w in busy if w.pipe in ready or w.process.sentinel in ready]


def _receive(worker: _Worker) -> Any | None:
    """Return what it answered, or None if it is dead."""
    try:
        if worker.pipe.poll():
            return worker.pipe.recv()
    except (EOFError, OSError):
        pass
    worker.process.join()
    worker.pipe.close()
    return None


def _given_up(worker: _Worker) -> Failure:
    return Failure(
        f"{_ATTEMPTS} workers ended {_how(worker)} while they did this. Perhaps the "
        "memory does not suffice: take fewer workers or smaller tiles."
    )


def _none_lives(worker: _Worker) -> str:
    return (
        f"Workers end {_how(worker)} before they have done anything. Perhaps the "
        "memory does not suffice for so many: take fewer. In a script of your own, the "
        'call belongs under `if __name__ == "__main__":`.'
    )


def _how(worker: _Worker) -> str:
    code = worker.process.exitcode or 0
    return f"by signal {-code}" if code < 0 else f"with exit code {code}"


def _serve(pipe: Connection[Any, Any], call: Callable[[Any], Any]) -> None:
    """Do what comes through a pipe until it is closed; the life of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # it lets go of its locks
    while True:
        try:
            task = pipe.recv()
        except EOFError:
            return
        try:
            answer = call(task)
        except Exception as error:
            answer = Failure(failure_reason(error))
        with suppress(OSError):  # nobody waits for it any more
            pipe.send(answer)
