"""What all parts of the controller share: the image, the session, and a voice."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from napari_sam.apps.dock import compat
from napari_sam.apps.dock.hover import Hover
from napari_sam.apps.dock.signals import Signals
from napari_sam.core.errors import NapariSamError, SessionError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.binding import LayerBinding
    from napari_sam.apps.dock.opening import Opened
    from napari_sam.apps.dock.work import Handle, Work
    from napari_sam.core.progress import Progress
    from napari_sam.session import AnnotationSession

#: What happens where a new mask lies on other objects.
Policy: TypeAlias = Literal["keep", "overwrite", "ask"]


class Bench(Signals):
    """The image that is worked on, the session about it, and who does slow work."""

    def __init__(self, viewer: ViewerModel, work: Work) -> None:
        self.viewer = compat.unwrapped(viewer)
        self.work = work
        self.layer: Layer | None = None
        self.session: AnnotationSession | None = None
        self.binding: LayerBinding | None = None
        self.model = "pocket"
        self.overlap: Policy = "keep"
        self._opened: Opened | None = None
        self._hover = Hover(work)
        self._doing: dict[str, Progress | None] = {}
        self._handles: dict[str, Handle] = {}

    @property
    def _here(self) -> AnnotationSession:
        """The session, or an error that says what to do first."""
        if self.session is None:
            raise SessionError("Open an image first.")
        return self.session

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """Say what goes wrong on purpose; it is no reason for a traceback."""
        try:
            yield
        except NapariSamError as wrong:
            self.said.emit("error", str(wrong))

    def _failed(self, wrong: Exception) -> None:
        """Say what went wrong on another thread."""
        if isinstance(wrong, NapariSamError | OSError | MemoryError):
            self.said.emit("error", str(wrong) or type(wrong).__name__)
        else:
            self.said.emit("error", f"{type(wrong).__name__}: {wrong}")

    def _do(self, what: str, progress: Progress | None = None) -> None:
        """Say that something is being done."""
        self._doing[what] = progress
        self.busy.emit(what, progress)

    def _did(self, what: str) -> None:
        """Say that it is done, or what else is being done."""
        if what in self._doing:
            del self._doing[what]
            last = next(reversed(self._doing), "")
            self.busy.emit(last, self._doing.get(last))

    def _run(
        self,
        what: str,
        steps: Generator[Progress, None, Any],
        done: Callable[[Any], object],
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Do long work beside the window; the same once more replaces it."""
        self._stop(what)
        self._do(what)

        def ended(tell: Callable[[Any], object], result: Any) -> None:
            self._handles.pop(what, None)
            self._did(what)
            tell(result)

        def progressed(progress: Progress) -> None:
            if what in self._doing:
                self._do(what, progress)

        handle = self.work.iterate(
            steps,
            progressed,
            lambda result: ended(done, result),
            lambda wrong: ended(failed or self._failed, wrong),
        )
        if what in self._doing:
            self._handles[what] = handle

    def _stop(self, what: str) -> None:
        handle = self._handles.pop(what, None)
        if handle is not None:
            handle.cancel()
            self._did(what)
