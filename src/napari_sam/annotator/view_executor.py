"""The executor of slow work: what an annotator needs to know of threads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.core.progress import Progress

_Result = TypeVar("_Result")


class Job(Protocol):
    """Long work that was begun."""

    def cancel(self) -> None:
        """Stop at the next step; neither `done` nor `failed` is called then."""


class ViewExecutor(Protocol):
    """An executor on other threads; all callbacks arrive on the thread of the view.

    A prediction that waits is replaced by a newer one of its kind, and forgotten.
    """

    def predict(
        self,
        task: Callable[[], _Result],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict a mask, one after another on one thread."""

    def hover(
        self,
        task: Callable[[], _Result],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """Predict the mask under the cursor, on that thread, when it is idle."""

    def tell(self, call: Callable[[], object]) -> None:
        """Have something called on the view's thread. From any thread."""

    def iterate(
        self,
        generator: Generator[Progress, None, _Result],
        progress: Callable[[Progress], object],
        done: Callable[[_Result], object],
        failed: Callable[[Exception], object],
    ) -> Job:
        """Go through long work on a thread of its own; `done` gets what it returns."""
