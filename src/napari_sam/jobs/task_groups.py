"""Tasks that belong together, such as those of one image."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.progress import Progress
from napari_sam.jobs.executor import Executor, Failure, run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

T = TypeVar("T")
R = TypeVar("R")


def run_groups(
    worker: Callable[[], Callable[[T], R]],
    tasks: Sequence[tuple[int, T]],
    executor: Executor,
    *,
    ready: Callable[[int, list[tuple[T, R]] | Failure], object],
    what: str,
) -> Generator[Progress, None, None]:
    """Do tasks as `run_tasks` does, and give the results of a group when all are there.

    Parameters
    ----------
    worker
        As of `run_tasks`.
    tasks
        The group of each, and its argument.
    executor
        Who does them.
    ready
        Called in this process with a group and its tasks with their results, in any
        order; or with the first failure.
    what
        What is done, for the progress.
    """
    left = Counter(i for i, _ in tasks)
    found: dict[int, list[tuple[T, R]]] = {}
    failed: dict[int, Failure] = {}
    yield Progress(0, len(tasks), what)
    arguments = [task for _, task in tasks]
    for done, (k, result) in enumerate(run_tasks(worker, arguments, executor), 1):
        i, task = tasks[k]
        if isinstance(result, Failure):
            failed.setdefault(i, result)
        else:
            found.setdefault(i, []).append((task, result))
        left[i] -= 1
        if not left[i]:
            mine = found.pop(i, [])
            ready(i, failed.get(i) or mine)
        yield Progress(done, len(tasks), what)
