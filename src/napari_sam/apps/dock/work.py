"""Who does the slow work of a window: what a controller needs to know of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.core.progress import Progress


class Handle(Protocol):
    """Long work that was begun."""

    def cancel(self) -> None:
        """Stop at the next step; neither `done` nor `failed` is called then."""


class Work(Protocol):
    """Threads, seen from the thread of the window: there, all callbacks arrive.

    A task that waits is replaced by a newer one of its kind, and forgotten.
    """

    def ask(
        self,
        task: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Answer a question, one after another on one thread."""

    def hover(
        self,
        task: Callable[[], Any],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Answer in passing, on the same thread, when nobody asks."""

    def iterate(
        self,
        generator: Generator[Progress, None, Any],
        progress: Callable[[Progress], object],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object],
    ) -> Handle:
        """Go through long work on a thread of its own; `done` gets what it returns."""
