"""Long work by name: begun, shown, replaced, cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator

    from napari_sam.annotator.events import AnnotatorEvents
    from napari_sam.annotator.view_executor import Job, ViewExecutor
    from napari_sam.core.progress import Progress

_Result = TypeVar("_Result")


class Tasks:
    """The long work of an annotator, each under a name that a person reads.

    Parameters
    ----------
    executor
        Does the work.
    events
        ``busy`` says what goes on.

    Attributes
    ----------
    running
        How far each is, by its name; None where that is not known.
    """

    def __init__(self, executor: ViewExecutor, events: AnnotatorEvents) -> None:
        self._executor, self._events = executor, events
        self.running: dict[str, Progress | None] = {}
        self._jobs: dict[str, Job] = {}
        self._cancelled: dict[str, Callable[[], object]] = {}

    def begin(self, name: str, progress: Progress | None = None) -> None:
        """Show that a task is running, or its progress."""
        self.running[name] = progress
        self._events.busy.emit(name, progress)

    def end(self, name: str) -> None:
        """Show that a task has ended, or which others are running."""
        if name in self.running:
            del self.running[name]
            last = next(reversed(self.running), "")
            self._events.busy.emit(last, self.running.get(last))

    def run(
        self,
        name: str,
        steps: Generator[Progress, None, _Result],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object] | None = None,
        *,
        progress: Callable[[Progress], object] | None = None,
        cancelled: Callable[[], object] | None = None,
    ) -> None:
        """Do long work beside the view; the same once more replaces it.

        Parameters
        ----------
        name
            What it is, for a person.
        steps
            The work.
        done, failed
            Called at the end, with the result or the error.
        progress
            Called with the steps that are shown.
        cancelled
            Called instead of `done` if the work was stopped or replaced.
        """
        self.cancel(name)
        self.begin(name)
        handle = failed or self._events.report

        def on_done(result: _Result) -> None:
            self._forget(name)
            done(result)

        def on_failed(error: Exception) -> None:
            self._forget(name)
            handle(error)

        def on_progress(step: Progress) -> None:
            if name in self.running:
                self.begin(name, step)
                if progress is not None:
                    progress(step)

        job = self._executor.iterate(steps, on_progress, on_done, on_failed)
        if name in self.running:
            self._jobs[name] = job
            if cancelled is not None:
                self._cancelled[name] = cancelled

    def cancel(self, name: str) -> bool:
        """Stop work that goes on; whether there was any."""
        job = self._jobs.pop(name, None)
        if job is None:
            return False
        job.cancel()
        self.end(name)
        self._cancelled.pop(name, _nothing)()
        return True

    def cancel_all(self, *, besides: Collection[str] = ()) -> list[str]:
        """Stop all work, except of some names; return the names of what was stopped."""
        return [
            name
            for name in list(self._jobs)
            if name not in besides and self.cancel(name)
        ]

    def _forget(self, name: str) -> None:
        self._jobs.pop(name, None)
        self._cancelled.pop(name, None)
        self.end(name)


def _nothing() -> None:
    """Do nothing."""
