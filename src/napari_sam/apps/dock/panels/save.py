"""Saving labels and sessions, and whether anything is not saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QWidget

from napari_sam.annotator.saving import SESSION
from napari_sam.apps.dock.folder_navigation import LABELS, file_of
from napari_sam.apps.dock.panels.dialogs import FORMATS, SESSIONS
from napari_sam.apps.dock.panels.widgets import button, column, row, text
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.core.errors import ImageError
from napari_sam.io import check_labels_fit
from napari_sam.io.settings import SaveSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.io import Image

#: Answers where work would be left for a session of a file.
OPEN, STAY = "Open a session", "Cancel"
_LEFT = (
    "There is work that was not saved. It is in the journal, and offered when this "
    "image is opened the next time."
)


class SavePanel(QWidget):
    """Two buttons and a line that says whether anything is not saved yet."""

    def __init__(self, controller: DockController, dialogs: Dialogs) -> None:
        super().__init__()
        self._controller, self._dialogs = controller, dialogs
        self._last: Path | None = None
        self._saved = SaveSettings()
        self.state = text()
        self.labels = button(
            "Save labels …",
            "As TIFF, OME-Zarr, GeoTIFF, GeoJSON, GeoPackage or COCO",
            self.save_labels,
        )
        self.session = button(
            "Save session …",
            "All prompts and steps, to go on later or to replay on the command line",
            self.save_session,
        )
        self.open = button(
            "Open session …", "Go on with a session that was saved", self.open_session
        )
        rows = column(self)
        rows.addWidget(row(self.labels, self.session))
        rows.addWidget(row(self.state, self.open))
        events = controller.annotator.events
        events.image_opened.connect(self._on_opened)
        self._refresher = Refresher(self, self.show_state, events.stepped)
        self._on_opened(controller.annotator.session)

    @property
    def unsaved(self) -> bool:
        """Whether there is work that was written nowhere by the person."""
        session = self._controller.annotator.session
        return session is not None and session.unsaved

    def save_labels(self, done: Callable[[], object] | None = None) -> bool:
        """Ask where to save the labels, and write them; False if cancelled."""
        formats = self._formats()
        return self._save(formats, next(iter(formats.values())), done)

    def save_session(self) -> bool:
        """Ask where to save the session, and write it; False if cancelled."""
        return self._save(SESSIONS, SESSION, None)

    def open_session(self) -> bool:
        """Ask which session to open, and open it; False if cancelled."""
        if self.unsaved and self._dialogs.choose(_LEFT, [OPEN, STAY]) != OPEN:
            return False
        path = self._dialogs.session_to_open(self._start(SESSION).parent)
        if path is None:
            return False
        self._last = path.parent
        self._controller.annotator.persistence.open_session(path)
        return True

    def _save(
        self, formats: dict[str, str], end: str, done: Callable[[], object] | None
    ) -> bool:
        path = self._dialogs.path_to_save(self._start(end), formats)
        settings = None if path is None else self._settings(path)
        if path is None or settings is None:
            return False
        self._last = path.parent

        def saved() -> None:
            self.show_state()
            if done is not None:
                done()

        self._controller.annotator.persistence.save(path, settings, done=saved)
        return True

    def _formats(self) -> dict[str, str]:
        """Return the formats that hold these labels: a stack is no PNG, for one."""
        image = self._controller.annotator.image
        if image is None:
            return FORMATS
        like, largest = image.source.describe(), max(image.session.objects, default=1)
        return {
            name: end
            for name, end in FORMATS.items()
            if _fits(Path(f"labels{end}"), like, largest)
        }

    def _settings(self, path: Path) -> SaveSettings | None:
        """Ask for what only COCO files leave open; None if the person cancels."""
        if path.suffix == ".json" and not path.name.endswith(SESSION):
            changed = self._dialogs.change(self._saved, "Save as COCO", names=["coco"])
            if changed is None:
                return None
            self._saved = changed
        return replace(self._saved, overwrite=path.exists())

    def _start(self, end: str) -> Path:
        layer = self._controller.layer
        source = None if layer is None else file_of(layer)
        folder = Path.home() if source is None else source.parent
        name = (
            "image"
            if layer is None
            else "".join(
                c if c.isalnum() or c in " -_" else "_" for c in Path(layer.name).stem
            )
        )
        middle = "" if end == SESSION else LABELS
        return (self._last or folder) / f"{name}{middle}{end}"

    def _on_opened(self, session: Any) -> None:
        for one in (self.labels, self.session, self.open):
            one.setEnabled(session is not None)
        self.show_state()

    def show_state(self, *_: Any) -> None:
        """Show whether the session has unsaved changes."""
        state = self._controller.annotator.persistence.state
        mark = "● " if self.unsaved else ""
        self.state.setText(mark + state.partition(";")[0])
        self.state.setToolTip(state)


def _fits(path: Path, like: Image, largest: int) -> bool:
    """Whether a form holds the labels of an image."""
    try:
        check_labels_fit(path, like, largest=largest)
    except ImageError:
        return False
    return True
