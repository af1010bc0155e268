"""Independent tasks, done by processes of this machine or by a Dask cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from napari_sam.core.errors import JobError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Executor:
    """Who does the tasks.

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
        same tasks shall give the same answers however many workers there are.
        """
        return 1 if self.workers or self.scheduler else None


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that could not be done, and why."""

    reason: str


def run_tasks(
    call: Callable[[T], R], tasks: Sequence[T], executor: Executor
) -> Iterator[tuple[int, R | Failure]]:
    """Do tasks in any order; yield the number of each and what came of it.

    A task must not depend on another, and may be done twice: a worker that dies costs
    what it was doing, which another then does again. Closing the generator stops all.

    Parameters
    ----------
    call
        A function of a module; it travels by name.
    tasks
        Its arguments; they are pickled.
    executor
        Who does them.
    """
    runner: Any
    if executor.scheduler is not None:
        from napari_sam.jobs.cluster import run_on_cluster

        runner = run_on_cluster(call, tasks, executor.scheduler)
    elif executor.workers == 0:
        runner = _run_here(call, tasks)
    else:
        from napari_sam.jobs.processes import run_in_processes

        runner = run_in_processes(call, tasks, workers=executor.workers)
    yield from runner


def _run_here(
    call: Callable[[T], R], tasks: Sequence[T]
) -> Iterator[tuple[int, R | Failure]]:
    for i, task in enumerate(tasks):
        try:
            answer: R | Failure = call(task)
        except Exception as error:
            answer = Failure(failure_reason(error))
        yield i, answer


def grouped(items: Sequence[T], size: int) -> Iterator[tuple[T, ...]]:
    """Cut a sequence into groups of at most so many, in order."""
    for start in range(0, len(items), size):
        yield tuple(items[start : start + size])


def failure_reason(error: BaseException) -> str:
    """Say in one line what went wrong; of errors that are not ours, with their kind."""
    from napari_sam.core.errors import NapariSamError

    text = " ".join(str(error).split())
    ours = isinstance(error, NapariSamError)
    return text if ours and text else f"{type(error).__name__}: {text}"
