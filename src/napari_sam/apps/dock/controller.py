"""What the window does, without a window."""

from __future__ import annotations

from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.apps.dock import compat, saving
from napari_sam.apps.dock.geometry import PlaneGeometry
from napari_sam.apps.dock.keys import Keys
from napari_sam.apps.dock.loading import iter_load, iter_prepare
from napari_sam.apps.dock.much import Much
from napari_sam.apps.dock.opening import opened, replace_session
from napari_sam.apps.dock.remembering import (
    iter_find,
    iter_open,
    iter_replace,
    iter_restore,
    journal_of,
)
from napari_sam.core.errors import SessionError
from napari_sam.session.actions import Paint, SetPrompts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer

    from napari_sam.apps.dock.opening import Opened
    from napari_sam.apps.dock.work import Work
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.session.history import Step

_LOADING, _PREPARING = "loading the model", "preparing the image"
_SAVING, _RESTORING, _REMEMBERING = "saving", "restoring", "looking for earlier work"
_OPENING = "opening the session"


class Controller(Much):
    """Everything that panels call; what comes of it is told by signals.

    All methods are called on the thread of the window, and none of them takes long.

    Parameters
    ----------
    viewer
        A viewer, or its model without a window.
    work
        Who does what is slow.
    store
        Where embeddings are kept. By default, in memory, for each image.

    Attributes
    ----------
    layer
        The image layer that is worked on, or None.
    session
        What was done to it, or None.
    binding
        The layers that show the session, or None.
    model
        Name of the model.
    overlap
        ``"keep"``, ``"overwrite"`` or ``"ask"``: see `commit`.
    """

    def __init__(
        self, viewer: ViewerModel, work: Work, *, store: EmbeddingStore | None = None
    ) -> None:
        super().__init__(viewer, work)
        self._store = store
        self._backend: Backend | None = None
        self._loaded = self.model
        self._troubles: deque[str] = deque()
        self._keys = Keys(self)
        self._keys.bind_viewer(self.viewer)
        self.viewer.mouse_move_callbacks.append(self._on_mouse)
        self.viewer.layers.events.removed.connect(self._on_removed)
        self.viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def journal(self) -> Any:
        """Where the session is written as it goes, or None."""
        return None if self._opened is None else self._opened.journal

    def open(
        self,
        layer: Layer,
        *,
        axes: str | None = None,
        channels: Sequence[int] | None = None,
    ) -> None:
        """Work on an image layer; emits `opened`.

        Whoever comes back to a layer finds what was done to it.
        """
        with self._telling():
            geometry = PlaneGeometry.of(compat.unwrapped(layer), axes)
            known = opened(geometry, channels=channels)
            self._leave()
            self._enter(known)
            if channels is not None or not known.answers:
                self._prepare()
            else:
                self.ask()

    def close(self) -> None:
        """Leave for good: our layers and keys go, the journal of the session stays."""
        self._leave()
        self._keys.release()
        if self._on_mouse in self.viewer.mouse_move_callbacks:
            self.viewer.mouse_move_callbacks.remove(self._on_mouse)
            self.viewer.layers.events.removed.disconnect(self._on_removed)
            self.viewer.layers.selection.events.active.disconnect(self._on_active)
        self.opened.emit(None)

    def use_model(
        self,
        name: str | None = None,
        *,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load a model beside the window, downloading it if need be."""
        self.model = name or (Path(checkpoint).name if checkpoint else self.model)
        self.model_changed.emit()
        steps = iter_load(
            name or (None if checkpoint else self.model),
            checkpoint=checkpoint,
            device=device,
            precision=precision,
        )
        self._run(_LOADING, steps, self._have, self._have_not)

    def save(
        self,
        path: str | Path,
        *,
        overwrite: bool = False,
        done: Callable[[], object] | None = None,
    ) -> None:
        """Write the labels, or with ``.session.json`` the session; then call `done`."""
        with self._telling():
            session, known = self._here, self._opened
            assert known is not None
            steps = saving.iter_save(session, known.geometry, path, overwrite=overwrite)

            def saved(position: int) -> None:
                if position == session.history.position:
                    session.mark_saved()
                self.said.emit("info", f"Saved as {path}.")
                if done is not None:
                    done()

            self._run(_SAVING, steps, saved)

    def restore(self, journal: Any) -> None:
        """Go on with work that a journal kept, on the image that is open."""
        with self._telling():
            session, known = self._here, self._opened
            assert known is not None
            steps = iter_restore(journal, session.image)
            self._run(_RESTORING, steps, lambda found: self._restored(known, found))

    def open_session(self, path: str | Path) -> None:
        """Go on with a session of a file, on the image that is open.

        What was done here before is left, and offered to be restored if it was not
        saved.
        """
        with self._telling():
            session, known = self._here, self._opened
            assert known is not None
            if not self.ready:
                raise SessionError("The model is still being loaded: try again then.")
            steps = iter_open(Path(path), session.image)
            self._run(_OPENING, steps, lambda found: self._restored(known, found))

    def _restored(self, known: Opened, found: Any) -> None:
        session, before = found
        if known is not self._opened:
            return
        frame, everyone = session.current.frame, list(known.shown_by)
        for one in everyone:
            one._leave()
        fresh = replace_session(known, session)
        fresh.journal = journal_of(fresh, self._troubles.append)
        for one in everyone:
            one._enter(fresh)
        if before is not None:
            self._run(_REMEMBERING, iter_replace(fresh.journal, before), _nothing)
        for one in everyone:
            one.binding.show_frame(frame)
            one.ask()
        self.said.emit("info", f"Restored {len(session.objects)} objects.")

    def _enter(self, known: Opened) -> None:
        """Show a session, and listen to it."""
        self._opened, self.session = known, known.session
        known.shown_by.append(self)
        self.layer = known.geometry.layer
        binding = self.binding = known.bind(self.viewer)
        for layer in binding.layers:
            self._keys.bind_layer(layer)
        binding.made.connect(self._keys.bind_layer)
        binding.refused.connect(self._on_refused)
        binding.positive = self._positive
        self._hover.attach(binding)
        session = known.session
        session.prompts_changed.connect(self._on_questions)
        session.selection_changed.connect(self._on_selection)
        session.preview_changed.connect(self._on_preview)
        session.changed.connect(self._on_step)
        self.layer.events.data.connect(self._on_pixels)
        if known.journal is None:
            known.journal = journal_of(known, self._troubles.append)
            self._run(_REMEMBERING, iter_find(known), self._found)
        self.opened.emit(session)
        self.candidates_changed.emit()

    def _leave(self) -> None:
        """Listen no more to what was open; nothing of it is lost."""
        known, session, binding = self._opened, self.session, self.binding
        if known is None or session is None or binding is None:
            return
        for what in list(self._handles):
            if what != _LOADING:
                self._stop(what)
        known.shown_by.remove(self)
        self._hover.attach(None)
        self._awaited.clear()
        assert self.layer is not None
        self.layer.events.data.disconnect(self._on_pixels)
        session.prompts_changed.disconnect(self._on_questions)
        session.selection_changed.disconnect(self._on_selection)
        session.preview_changed.disconnect(self._on_preview)
        session.changed.disconnect(self._on_step)
        binding.made.disconnect(self._keys.bind_layer)
        binding.refused.disconnect(self._on_refused)
        if known.release(self.viewer) and known.journal is not None:
            known.journal.close(keep=session.unsaved)
            known.journal = None
        self._opened = self.session = self.binding = self.layer = None

    def _prepare(self) -> None:
        """Make the image ready to answer, once there is a model."""
        known, backend = self._opened, self._backend
        if known is None or backend is None:
            return
        steps = iter_prepare(
            known.geometry.frames, backend, channels=known.channels, store=self._store
        )

        def prepared(image: Any) -> None:
            known.session.image = image
            if known is self._opened:
                self.model_changed.emit()
                self.ask()

        self._run(_PREPARING, steps, prepared)

    def _have(self, backend: Backend) -> None:
        self._backend, self._loaded = backend, self.model
        self.model_changed.emit()
        self._prepare()

    def _have_not(self, wrong: Exception) -> None:
        self.model = self._loaded
        self._failed(wrong)
        self.model_changed.emit()

    def _found(self, journals: tuple[Any, ...]) -> None:
        if journals:
            self.restorable.emit(journals)

    def _on_step(self, how: str, step: Step) -> None:
        """Say what the thread of the journal had to say since the last step."""
        if how == "execute" and not isinstance(step.action, Paint | SetPrompts):
            self._move_on()
        while self._troubles:
            text = self._troubles.popleft()
            better = "Work is written to the journal again."
            self.said.emit("error" if text else "info", text or better)

    def _on_refused(self, why: str) -> None:
        self.said.emit("warning", why)

    def _on_mouse(self, _: Any, event: Any) -> None:
        if self._hover.on:
            self.hover(event.position)

    def _on_active(self, event: Any) -> None:
        if self.binding is not None and self.binding.takes_prompts(event.value):
            self._move_on()

    def _on_removed(self, event: Any) -> None:
        layer, session = self.layer, self.session
        if layer is None or session is None or event.value is not layer:
            return
        count, name = len(session.objects), layer.name
        what = "1 object" if count == 1 else f"{count} objects"
        self.gone.emit(
            f"The layer {name!r} was removed. Its work ({what}) is still "
            "here: save it, or open the image again."
        )

    def _on_pixels(self, _: Any) -> None:
        """Take over other pixels; those of another shape are another image."""
        known, layer = self._opened, self.layer
        if known is None or layer is None:
            return
        axes, shape = known.geometry.frames.axes, known.geometry.frames.data.shape
        with self._telling():
            data = layer.data[0] if layer.multiscale else layer.data
            if tuple(data.shape) == tuple(shape):
                known.geometry.frames = PlaneGeometry.of(layer, axes).frames
                self._prepare()
                return
            self.gone.emit(
                f"{layer.name!r} has other pixels now, of another shape. The work on "
                "the ones before is kept, and offered when they are opened again."
            )
            self.open(layer, axes=axes if len(data.shape) == len(axes) else None)


def _nothing(_: Any) -> None:
    """Do nothing more."""
