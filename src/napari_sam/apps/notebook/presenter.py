"""Messages of an annotator to its browsers: only what has changed, once a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.object_list import ObjectList
from napari_sam.apps.notebook import browser_state
from napari_sam.apps.notebook.mask_message import mask_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.notebook.cell_thread import CellThread
    from napari_sam.apps.notebook.displays import Displays
    from napari_sam.apps.notebook.screen import Screen
    from napari_sam.apps.notebook.view import NotebookView
    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.progress import Progress
    from napari_sam.session import AnnotationSession
    from napari_sam.session.labels.patch import LabelPatch
    from napari_sam.session.persistence.recovery import RecoverableSession


class Presenter:
    """Sends what changes of one session to the widgets that show it.

    Changes are gathered until the thread of the cells is free again, so that a click
    that changes many things is one message; parts that are as they were are left out.

    Attributes
    ----------
    busy
        Name of the work that goes on; empty for none.
    journals
        Earlier work on the image that could be restored, the latest first.
    on_flush
        Called after each message of changes, to bring traits up to date.
    """

    def __init__(
        self,
        annotator: Annotator,
        displays: Displays,
        cells: CellThread,
        screen: Screen,
    ) -> None:
        self._annotator, self._displays = annotator, displays
        self._cells, self._screen = cells, screen
        self._session: AnnotationSession | None = None
        self._view: NotebookView | None = None
        self._table: ObjectList | None = None
        self._told: dict[str, JsonDict] = {}
        self._tracks: JsonDict = {"flagged": 0}
        self._models: JsonDict = browser_state.models_state(annotator)
        self._waits, self._trouble, self._labelled = False, "", ""
        self.busy = ""
        self.journals: list[RecoverableSession] = []
        self.on_flush: Callable[[], object] = lambda: None
        self._listen()

    def show(self, session: AnnotationSession, view: NotebookView) -> None:
        """Present a session from now on."""
        self._session, self._view = session, view
        self._table = ObjectList(session)
        session.labels_changed.connect(self._on_labels)
        session.objects_changed.connect(self._on_objects)
        session.preview_changed.connect(self._on_preview)
        self.send_state()

    def hide(self) -> None:
        """Disconnect from the session."""
        session = self._session
        if session is not None:
            session.labels_changed.disconnect(self._on_labels)
            session.objects_changed.disconnect(self._on_objects)
            session.preview_changed.disconnect(self._on_preview)
        self._session = self._view = self._table = None

    def send_state(self) -> None:
        """Send the whole state, as to a browser that has none yet."""
        session, view = self._session, self._view
        if session is None or view is None or self._table is None:
            return
        self._told.clear()
        self._flush()
        entries = [browser_state.object_entry(entry) for entry in self._table.entries]
        self._displays.send({"kind": "objects", "all": True, "entries": entries})
        self.stale("labels")
        view.show_preview(session.preview)
        self._offer()
        if self._trouble:
            self.say("error", self._trouble)

    def refresh(self, *_: object) -> None:
        """Look at everything again, when the thread of the cells is free."""
        if not self._waits:
            self._waits = True
            self._cells.send(self._flush)

    def stale(self, layer: str) -> None:
        """Have tiles of a layer asked for anew."""
        self._displays.send({"kind": "stale", "layer": layer})

    def say(self, level: str, text: str) -> None:
        """Show a sentence; the last error also to browsers that come later."""
        self._trouble = text if level == "error" else ""
        self._displays.send({"kind": "say", "level": level, "text": text})

    def answer_journal(self, answer: str) -> None:
        """Restore the latest earlier work, delete it, or leave it for another day."""
        if not self.journals:
            return
        if answer == "later":
            self.journals.clear()
        else:
            journal = self.journals.pop(0)
            if answer == "restore":
                self._annotator.persistence.restore(journal)
                self.journals.clear()
            else:
                journal.discard()
        self._offer()

    def _listen(self) -> None:
        events = self._annotator.events
        for signal in (
            events.stepped,
            events.objects_changed,
            events.selection_changed,
            events.candidates_changed,
            events.polarity_changed,
            events.hover_changed,
            events.journal_trouble,
            events.words_changed,
        ):
            signal.connect(self.refresh)
        events.automatic_changed.connect(self._on_automatic)
        events.tracks_changed.connect(self._on_tracks)
        events.model_changed.connect(self._on_models)
        events.folder_labelled.connect(self._on_labelled)
        events.busy.connect(self._on_busy)
        events.message.connect(self.say)
        events.journals_found.connect(self._on_journals)
        events.overlap_found.connect(self._on_overlap)

    def _flush(self) -> None:
        self._waits = False
        session, view = self._session, self._view
        if session is None or view is None:
            return
        changed = {k: v for k, v in self._parts().items() if self._told.get(k) != v}
        if changed:
            self._told |= changed
            self._displays.send({"kind": "state", **changed})
        self.on_flush()

    def _parts(self) -> dict[str, JsonDict]:
        session, view = self._session, self._view
        assert session is not None
        assert view is not None
        return {
            "activity": browser_state.activity_state(self._annotator),
            "frame": browser_state.frame_state(session),
            "prompts": browser_state.prompts_state(session)
            | {"positive": view.positive, "visible": view.prompts_visible},
            "candidates": browser_state.candidates_state(self._annotator),
            "everything": browser_state.everything_state(self._annotator),
            "selected": {"object": self._annotator.objects.selected},
            "screen": self._screen.describe(),
            "tracks": self._tracks,
            "models": self._models,
            "words": browser_state.words_state(self._annotator)
            | {"labelled": self._labelled},
            "strip": browser_state.strip_state(self._annotator),
        }

    def _on_labels(self, patches: Sequence[LabelPatch]) -> None:
        for patch in patches:
            region = patch.region
            edges = [region.top, region.left, region.bottom, region.right]
            message: JsonDict = {"kind": "stale", "layer": "labels"}
            self._displays.send(message | {"frame": patch.frame, "region": edges})
        changed = {i for p in patches for i in (*p.before.values, *p.after.values)}
        self._on_objects(tuple(changed - {0}))

    def _on_objects(self, ids: Sequence[int]) -> None:
        table = self._table
        if table is None:
            return
        table.update(ids)
        entries = [
            browser_state.object_entry(table.entry(i)) for i in ids if i in table
        ]
        gone = [i for i in ids if i not in table]
        self._displays.send({"kind": "objects", "entries": entries, "gone": gone})

    def _on_preview(self, mask: Prediction | None) -> None:
        if self._session is not None:
            frame = self._session.current.frame
            self._displays.send(*mask_message("preview", frame, mask))

    def _on_automatic(self) -> None:
        self.stale("found")
        self.refresh()

    def _on_tracks(self) -> None:
        self._tracks = browser_state.tracks_state(self._annotator)
        self.refresh()

    def _on_models(self) -> None:
        self._models = browser_state.models_state(self._annotator)
        self.refresh()

    def _on_labelled(self, output: Path) -> None:
        self._labelled = str(output)
        self.refresh()

    def _on_busy(self, name: str, progress: Progress | None) -> None:
        self.busy = name
        message: JsonDict = {"kind": "busy", "name": name}
        if progress is not None:
            message |= {"done": progress.done, "total": progress.total}
            message |= {"what": progress.what}
        self._displays.send(message)
        self.refresh()

    def _on_journals(self, journals: Sequence[RecoverableSession]) -> None:
        self.journals = list(journals)
        self._offer()

    def _offer(self) -> None:
        text = browser_state.journal_sentence(self.journals[0]) if self.journals else ""
        self._displays.send({"kind": "journal", "text": text})

    def _on_overlap(self, found: dict[int, float]) -> None:
        self._displays.send(
            {"kind": "overlap", "text": browser_state.overlap_sentence(found)}
        )
