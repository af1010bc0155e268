"""Tasks on the workers of a Dask cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from napari_sam.core.errors import JobError, MissingPackageError
from napari_sam.jobs.executor import Failure, failure_reason

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from distributed import Client

T = TypeVar("T")
R = TypeVar("R")

#: How long a scheduler is waited for.
PATIENCE = "20s"


def run_on_cluster(
    worker: Callable[[], Callable[[T], R]], tasks: Sequence[T], scheduler: str
) -> Iterator[tuple[int, R | Failure]]:
    """Do tasks on the workers of a scheduler: see `executor.run_tasks`.

    Dask does the tasks of a worker that dies again, on another. Closing takes back
    what was not begun; the cluster stays as it is.

    Parameters
    ----------
    worker, tasks
        As of `executor.run_tasks`.
    scheduler
        Its address, or the file (``.json``) that it wrote about itself.

    Raises
    ------
    MissingPackageError
        If Dask is not installed here.
    JobError
        If nobody answers at the address, or a worker lacks what it takes.
    """
    with _client(scheduler) as client:
        from distributed import as_completed

        _check_workers(client, (worker, tasks[:1]))
        numbers = {
            client.submit(_on_worker, worker, task, pure=False): i
            for i, task in enumerate(tasks)
        }
        try:
            for future in as_completed(list(numbers), loop=client.loop):
                error = future.exception()
                answer = (
                    future.result() if error is None else Failure(failure_reason(error))
                )
                yield numbers.pop(future), answer
        finally:
            client.cancel(list(numbers))


def _on_worker(worker: Callable[[], Callable[[T], R]], task: T) -> R:
    """Do a task on a worker of Dask, which holds what was opened for those before."""
    from distributed import get_worker

    host = vars(get_worker())
    held: dict[object, Callable[[T], R]] = host.setdefault("_napari_sam", {})
    if worker not in held:
        held[worker] = worker()
    return held[worker](task)


def _client(scheduler: str) -> Client:
    try:
        from distributed import Client
    except ImportError as missing:
        raise MissingPackageError(
            "A scheduler is reached through Dask, which is not installed: "
            'pip install "dask[array]" distributed'
        ) from missing
    is_file = scheduler.endswith(".json")
    if is_file and not Path(scheduler).exists():
        raise JobError(f"There is no scheduler file {scheduler}.")
    where = {"scheduler_file" if is_file else "address": scheduler}
    try:
        return Client(**where, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError) as wrong:
        raise JobError(
            f"No Dask scheduler answers at {scheduler}: {' '.join(str(wrong).split())}"
        ) from wrong


def _check_workers(client: Client, needed: object) -> None:
    """See that what is sent can be opened where it arrives: Dask would wait for ever.

    Workers that come later are not asked.
    """
    from distributed.protocol.pickle import dumps

    def missing(sent: bytes) -> str:  # travels as it is, and needs no module there
        import pickle

        try:
            pickle.loads(sent)
        except Exception as wrong:
            return f"{type(wrong).__name__}: {wrong}"
        return ""

    for worker, why in client.run(missing, dumps(needed)).items():
        if why:
            raise JobError(
                f"The worker {worker} cannot do this: {why}. Every worker needs the "
                "same packages as this machine, in the same versions."
            )
