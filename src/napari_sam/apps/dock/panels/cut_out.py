"""Cut out: objects as pictures of their own, a sheet of all, or a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.apps.dock.folder_navigation import file_of
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text
from napari_sam.io.cutouts.settings import CutoutSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.dialogs import Dialogs

_KINDS = (
    ("", "a picture of each, in a folder"),
    (".png", "a sheet of all"),
    (".webm", "a video (WebM)"),
    (".mov", "a video (ProRes 4444)"),
)


class CutOutPanel(Section):
    """What is made of the objects, and a button that asks where it goes.

    Parameters
    ----------
    controller
        With the image that is open.
    dialogs
        Ask for the path.
    selected
        Returns the numbers of the objects that are selected in the table.
    """

    def __init__(
        self,
        controller: DockController,
        dialogs: Dialogs,
        selected: Callable[[], Sequence[int]],
    ) -> None:
        super().__init__("Cut out", is_open=False)
        self._controller, self._dialogs = controller, dialogs
        self._selected = selected
        self.kind = choice("What is made of the objects", _KINDS)
        self.which = choice(
            "Which objects", [(False, "all objects"), (True, "the selected objects")]
        )
        self.form = SettingsForm(CutoutSettings())
        self.run = button(
            "Cut out objects …", "Their masks are the opacity of the pictures", self.ask
        )
        self.add(text("Objects with transparency around them.", faint=True))
        self.add(named("Make", self.kind))
        self.add(named("Of", self.which))
        self.add(self.form.widget)
        self.add(self.run)
        controller.annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(controller.annotator.session)

    def ask(self) -> bool:
        """Ask for a path, and cut the objects out. False if the person cancels."""
        end = self.kind.currentData()
        start = self._start(end)
        path = (
            self._dialogs.path_to_save(start, {self.kind.currentText(): end})
            if end
            else self._dialogs.new_folder(start)
        )
        if path is None:
            return False
        objects = tuple(self._selected()) if self.which.currentData() else ()
        self._controller.annotator.cutting_out.write(
            path, self.form.settings, objects=objects, overwrite=path.exists()
        )
        return True

    def _start(self, end: str) -> Path:
        layer = self._controller.layer
        source = None if layer is None else file_of(layer)
        name = "image" if source is None else source.stem
        folder = Path.home() if source is None else source.parent
        return folder / f"{name}-objects{end}"

    def _on_opened(self, session: object) -> None:
        self.run.setEnabled(session is not None)
