"""Questions in windows of their own; a test or a script puts another in its place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qtpy.QtWidgets import QWidget

#: Forms that labels are saved in, and what a name ends with.
FORMS = {
    "TIFF (*.tif)": ".tif",
    "OME-Zarr (*.zarr)": ".zarr",
    "GeoJSON outlines (*.geojson)": ".geojson",
    "GeoPackage outlines (*.gpkg)": ".gpkg",
    "COCO (*.json)": ".json",
    "PNG (*.png)": ".png",
}
SESSIONS = {"Session, to go on with or to replay (*.session.json)": ".session.json"}


class Dialogs:
    """What a person has to be asked. Each returns None where they would rather not."""

    def __init__(self, parent: QWidget) -> None:
        self._parent = parent

    def path_to_save(self, start: Path, forms: dict[str, str] = FORMS) -> Path | None:
        """Ask for a name to save under; whether to replace a file is asked as well."""
        dialog = QFileDialog(self._parent, "Save", str(start.parent))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(forms))
        # A folder such as an OME-Zarr would be gone into; it is asked about below.
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)
        dialog.selectFile(start.name)
        if not dialog.exec():
            return None
        found = Path(dialog.selectedFiles()[0])
        if not any(found.name.lower().endswith(end) for end in forms.values()):
            found = found.with_name(found.name + forms[dialog.selectedNameFilter()])
        if (
            found.exists()
            and self.choose(
                f"{found.name} is there already. Replace it?", ["Replace", "Cancel"]
            )
            != "Replace"
        ):
            return None
        return found

    def session_to_open(self, start: Path) -> Path | None:
        """Ask for a session that was saved."""
        found, _ = QFileDialog.getOpenFileName(
            self._parent, "Open session", str(start), ";;".join(SESSIONS)
        )
        return Path(found) if found else None

    def weights_to_open(self) -> Path | None:
        """Ask for a file of weights."""
        found, _ = QFileDialog.getOpenFileName(
            self._parent,
            "Open weights of a model",
            filter="Weights (*.pt *.pth *.safetensors *.bin);;All files (*)",
        )
        return Path(found) if found else None

    def choose(self, question: str, answers: Sequence[str]) -> str | None:
        """Ask a question that has a few answers; the last one is to do nothing."""
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

    def words(self, question: str, now: str = "") -> str | None:
        """Ask for a few words."""
        said, fine = QInputDialog.getText(
            self._parent, "Segment Anything", question, text=now
        )
        return said.strip() if fine else None
