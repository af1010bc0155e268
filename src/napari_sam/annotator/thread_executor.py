"""Slow work on other threads; its results arrive on the thread of the view.

Threads are plain ones. None is ever killed: closing drops what waits, and what runs
comes to its end on its own, unheard.
"""

from __future__ import annotations

import atexit
import threading
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.core.progress import Progress

#: Seconds that the predicting thread waits for more before it ends.
_PATIENCE = 10.0


class MainThread(Protocol):
    """The thread of a view, as other threads reach it."""

    def send(self, call: Callable[[], object]) -> None:
        """Have something called there soon. From any thread."""

    def close(self) -> None:
        """Close the thread to calls, those that wait included."""


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """A call to run, and who gets its result or its error."""

    run: Callable[[], Any]
    done: Callable[[Any], object]
    failed: Callable[[Exception], object]

    def __call__(self, main: MainThread) -> None:
        done, failed = self.done, self.failed
        try:
            result = self.run()
        except Exception as error:
            main.send(partial(failed, error))
        else:
            main.send(partial(done, result))


class _WorkerThread:
    """One thread that predicts: prompts first, then what the mouse hovers over.

    Of each kind one waits at the most: a newer one takes its place.
    """

    def __init__(self, main: MainThread) -> None:
        self._main = main
        self._wake = threading.Condition()
        self._waiting: dict[str, _Task] = {}
        self._thread: threading.Thread | None = None
        self._open = True

    def put(self, kind: str, task: _Task) -> None:
        with self._wake:
            if not self._open:
                return
            self._waiting[kind] = task
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._serve, name="napari-sam predictions", daemon=True
                )
                self._thread.start()
            self._wake.notify()

    def close(self) -> threading.Thread | None:
        """Drop what waits; return the thread that may still be at work."""
        with self._wake:
            self._open = False
            self._waiting.clear()
            self._wake.notify()
            return self._thread

    def _serve(self) -> None:
        while (task := self._next()) is not None:
            task(self._main)
            del task  # a result may hold much, and this thread may wait long

    def _next(self) -> _Task | None:
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or not self._open, _PATIENCE)
            for kind in ("predict", "hover"):
                if kind in self._waiting:
                    return self._waiting.pop(kind)
            self._thread = None
            return None


class ThreadJob:
    """Long work on a thread of its own, step by step.

    Parameters
    ----------
    work
        Yields `Progress`, and returns the result.
    progress
        Called with steps; those that come faster than they are shown are left out.
    done, failed
        One of them is called at the end, unless the work was cancelled.
    """

    def __init__(
        self,
        main: MainThread,
        work: Generator[Progress, None, Any],
        progress: Callable[[Progress], object],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:
        self._main, self._work, self._progress = main, work, progress
        self._done, self._failed = done, failed
        self._step: Progress | None = None
        self._stop = threading.Event()
        self.thread = threading.Thread(
            target=self._run, name="napari-sam work", daemon=True
        )

    def cancel(self) -> None:
        """Stop after the step in work; nothing is called any more."""
        self._stop.set()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                try:
                    step = next(self._work)
                except StopIteration as end:
                    self._tell(self._done, end.value)
                    return
                self._show(step)
        except Exception as wrong:
            self._tell(self._failed, wrong)
        finally:
            self._work.close()

    def _show(self, step: Progress) -> None:
        """Let the newest step be shown; one message waits at the most."""
        waits, self._step = self._step is not None, step
        if not waits:
            self._main.send(self._shown)

    def _shown(self) -> None:
        step, self._step = self._step, None
        if step is not None and not self._stop.is_set():
            self._progress(step)

    def _tell(self, call: Callable[[Any], object], what: Any) -> None:
        self._main.send(lambda: None if self._stop.is_set() else call(what))


class ThreadExecutor:
    """Does the slow work of an annotator on plain threads.

    All functions it is given besides the work itself are called on the view's thread,
    and none of them after `close`.

    Parameters
    ----------
    main
        Carries calls to the view's thread.
    """

    def __init__(self, main: MainThread) -> None:
        self._main = main
        self._worker = _WorkerThread(self._main)
        self._jobs: list[ThreadJob] = []
        # A process that ends waits for what is in work, so that no thread is torn
        # out of a library's hands.
        self._end = partial(_end, self._main, self._worker, self._jobs)
        atexit.register(self._end)
        self._open = True

    @property
    def is_working(self) -> bool:
        """Whether long work goes on; its end may still be on its way."""
        return any(job.thread.is_alive() for job in self._jobs)

    def predict(
        self,
        task: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict this next; a prediction that waits and was not begun is forgotten."""
        self._worker.put("predict", _Task(task, done, failed))

    def hover(
        self,
        task: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict this when no prompts wait, unless a newer one comes before."""
        self._worker.put("hover", _Task(task, done, failed))

    def iterate(
        self,
        generator: Generator[Progress, None, Any],
        progress: Callable[[Progress], object],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> ThreadJob:
        """Do long work beside everything else; `ThreadJob.cancel` stops it."""
        self._jobs[:] = [job for job in self._jobs if job.thread.is_alive()]
        job = ThreadJob(self._main, generator, progress, done, failed)
        if self._open:
            self._jobs.append(job)
            job.thread.start()
        else:
            generator.close()
        return job

    def tell(self, call: Callable[[], object]) -> None:
        """Have something called on the thread of the window. From any thread."""
        self._main.send(call)

    def close(self, *, wait: bool = False) -> None:
        """Cancel all jobs; no callback is called any more.

        Parameters
        ----------
        wait
            Until what is in work has come to its end.
        """
        self._open = False
        threads = _stop(self._main, self._worker, self._jobs)
        if wait:
            for thread in threads:
                thread.join()
            atexit.unregister(self._end)


def _stop(
    main: MainThread, worker: _WorkerThread, jobs: list[ThreadJob]
) -> list[threading.Thread]:
    main.close()
    for job in jobs:
        job.cancel()
    predicting = worker.close()
    threads = [job.thread for job in jobs]
    return threads if predicting is None else [*threads, predicting]


def _end(main: MainThread, worker: _WorkerThread, jobs: list[ThreadJob]) -> None:
    for thread in _stop(main, worker, jobs):
        thread.join()
