"""Executors: independent tasks in processes of this machine or on a Dask cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Executor:
    """The executor of tasks: processes of this machine, or a Dask cluster.

    Attributes
    ----------
    workers
        Processes on this machine, each with one thread; 0 is this process itself, with
        all of its threads.
    scheduler
        Address of a Dask scheduler, such as ``tcp://10.0.0.1:8786``, instead.
    """

    workers: int = 0
    scheduler: str | None = None

    def __post_init__(self) -> None:
        if self.workers < 0:
            raise JobError(f"workers={self.workers}: expected one or more.")

    @property
    def threads(self) -> int | None:
        """Threads of each that does tasks, or None for as many as there are.

        Workers have one each: sums in another order may have other last bits, and the
        same tasks shall give the same results however many workers there are.
        """
        return 1 if self.workers or self.scheduler else None


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that could not be done, and why."""

    reason: str


def run_tasks(
    worker: Callable[[], Callable[[T], R]], tasks: Sequence[T], executor: Executor
) -> Iterator[tuple[int, R | Failure]]:
    """Do tasks in any order; yield the number of each and its result.

    A task must not depend on another, and may be done twice: a worker that dies costs
    what it was doing, which another then does again. Closing the generator stops all.

    Parameters
    ----------
    worker
        A class of a module, which travels by name; each worker makes one, which holds
        what it has open, and calls it with a task.
    tasks
        Its arguments; they are pickled.
    executor
        Who does them.
    """
    if executor.scheduler is not None:
        from napari_sam.jobs.cluster import run_on_cluster

        yield from run_on_cluster(worker, tasks, executor.scheduler)
    elif executor.workers == 0:
        yield from _run_here(worker, tasks)
    else:
        from napari_sam.jobs.processes import run_in_processes

        yield from run_in_processes(worker, tasks, workers=executor.workers)


def _run_here(
    worker: Callable[[], Callable[[T], R]], tasks: Sequence[T]
) -> Iterator[tuple[int, R | Failure]]:
    call = worker()
    for i, task in enumerate(tasks):
        yield i, call_safely(call, task)


def call_safely(call: Callable[[T], R], task: T) -> R | Failure:
    """Do one task; an error is its result."""
    try:
        return call(task)
    except Exception as error:
        return Failure(failure_reason(error))


def grouped(items: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    """Cut a sequence into groups of at most so many, in order."""
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


def failure_reason(error: BaseException) -> str:
    """Return the reason of an error in one line; with its type if it is unexpected."""
    from napari_sam.core.errors import NapariSamError

    text = " ".join(str(error).split())
    is_expected = isinstance(error, NapariSamError)
    return text if is_expected and text else f"{type(error).__name__}: {text}"
