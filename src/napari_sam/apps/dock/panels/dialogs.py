"""Dialogs: files to open and to save, and questions with a few answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from weakref import ref

from qtpy.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QMessageBox,
    QVBoxLayout,
)

from napari_sam.apps.dock.panels.settings_form import S, SettingsForm

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qtpy.QtWidgets import QWidget

#: Formats that labels are saved in, and their suffixes.
FORMATS = {
    "TIFF (*.tif)": ".tif",
    "OME-Zarr (*.zarr)": ".zarr",
    "GeoJSON outlines (*.geojson)": ".geojson",
    "GeoPackage outlines (*.gpkg)": ".gpkg",
    "COCO (*.json)": ".json",
    "PNG (*.png)": ".png",
}
SESSIONS = {"Session (*.session.json)": ".session.json"}


class Dialogs:
    """Dialogs over a window; each returns None where the person cancels it.

    A test or a script puts functions of its own in their place.

    Parameters
    ----------
    inside
        The widget whose dialogs they are.
    window
        The window that it is docked in, if there is one.
    """

    def __init__(self, inside: QWidget | None, window: QWidget | None = None) -> None:
        self._inside = inside
        self._window = None if window is None else ref(window)

    @property
    def _parent(self) -> QWidget | None:
        """The window, whose theme dialogs have, also while nothing is docked in it."""
        window = None if self._window is None else self._window()
        shown = window is not None and window.isVisible()
        return window if shown else self._inside

    def path_to_save(
        self, start: Path, formats: dict[str, str] = FORMATS
    ) -> Path | None:
        """Ask for a path to save to, and whether to replace a file that is there."""
        dialog = QFileDialog(self._parent, "Save", str(start.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(formats))
        # A folder such as an OME-Zarr would be gone into; it is asked about below.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(start.name)
        if not dialog.exec():
            return None
        found = Path(dialog.selectedFiles()[0])
        if not any(found.name.lower().endswith(end) for end in formats.values()):
            found = found.with_name(found.name + formats[dialog.selectedNameFilter()])
        return found if self._may_write(found) else None

    def session_to_open(self, start: Path) -> Path | None:
        """Ask for a session file to open."""
        found, _ = QFileDialog.getOpenFileName(
            self._parent, "Open session", str(start), ";;".join(SESSIONS)
        )
        return Path(found) if found else None

    def folder_to_open(self, title: str, start: Path | None = None) -> Path | None:
        """Ask for a folder."""
        found = QFileDialog.getExistingDirectory(
            self._parent, title, "" if start is None else str(start)
        )
        return Path(found) if found else None

    def new_folder(self, start: Path) -> Path | None:
        """Ask for a folder to make, and whether to replace one that is there."""
        dialog = QFileDialog(self._parent, "Folder to make", str(start.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(start.name)
        if not dialog.exec():
            return None
        found = Path(dialog.selectedFiles()[0])
        return found if self._may_write(found) else None

    def weights_to_open(self) -> Path | None:
        """Ask for a file of weights to open."""
        found, _ = QFileDialog.getOpenFileName(
            self._parent,
            "Open weights of a model",
            filter="Weights (*.pt *.pth *.safetensors *.bin);;All files (*)",
        )
        return Path(found) if found else None

    def choose(self, question: str, answers: Sequence[str]) -> str | None:
        """Show a dialog of a few buttons; the last one does nothing."""
        box = QMessageBox(self._parent)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Segment Anything")
        box.setText(question)
        last = len(answers) - 1
        role = QMessageBox.ButtonRole
        made = [
            box.addButton(words, role.RejectRole if i == last else role.AcceptRole)
            for i, words in enumerate(answers)
        ]
        box.setDefaultButton(made[0])
        box.setEscapeButton(made[last])
        box.exec()
        clicked = box.clickedButton()
        return next(
            (a for a, b in zip(answers, made, strict=True) if b is clicked), None
        )

    def change(self, settings: S, title: str, *, names: Collection[str]) -> S | None:
        """Ask for settings in a form of their own."""
        dialog = QDialog(self._parent)
        dialog.setWindowTitle(title)
        form = SettingsForm(settings, names=names)
        standard = QDialogButtonBox.StandardButton
        buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        buttons.accepted.connect(dialog.accept)
        buttons.rejected.connect(dialog.reject)
        rows = QVBoxLayout(dialog)
        rows.addWidget(form.widget)
        rows.addWidget(buttons)
        return form.settings if dialog.exec() else None

    def _may_write(self, path: Path) -> bool:
        """Ask before a file is replaced."""
        if not path.exists():
            return True
        question = f"{path.name} is there already. Replace it?"
        return self.choose(question, ["Replace", "Cancel"]) == "Replace"
