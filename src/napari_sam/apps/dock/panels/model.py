"""Which model answers, what is known of it, and having it on this disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_sam import checkpoints
from napari_sam.apps.dock.panels.widgets import (
    Section,
    button,
    choice,
    column,
    named,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.checkpoints import ModelEntry

_OWN = "a file of mine …"
_DEVICES = (
    ("auto", "the fastest there is"),
    ("cpu", "this computer's processor"),
    ("cuda", "NVIDIA graphics card"),
    ("mps", "Apple graphics"),
)
_PRECISIONS = (
    ("auto", "as suits the device"),
    ("float32", "full (32 bits)"),
    ("bfloat16", "half (16 bits): faster on graphics cards"),
)
_UNITS = (("GB", 10**9), ("MB", 10**6), ("KB", 10**3))


class ModelPanel(QWidget):
    """A list of models; one that is on this disk is used as soon as it is chosen."""

    def __init__(self, controller: DockController, dialogs: Dialogs) -> None:
        super().__init__()
        self._controller, self._dialogs = controller, dialogs
        self._checkpoint: Path | None = None
        self.models = choice("Which model finds the masks")
        self.models.activated.connect(lambda _: self._on_choice())
        self.known = text()
        self.download = button(
            "Download and use", "Fetch it once; it is verified, and kept", self._use
        )
        more = Section("More about the model", is_open=False)
        self.device = choice("Where the model runs", _DEVICES)
        self.precision = choice("How exactly the model calculates", _PRECISIONS)
        for one in (self.device, self.precision):
            one.activated.connect(lambda _: self._again())
        more.add(self.known)
        more.rows.addWidget(named("Runs on", self.device))
        more.rows.addWidget(named("Precision", self.precision))
        rows = column(self)
        rows.addWidget(named("Model", self.models))
        rows.addWidget(self.download)
        rows.addWidget(more)
        self.fill()
        controller.annotator.events.model_changed.connect(self._on_model)

    def fill(self) -> None:
        """List the models there are now, those on this disk first marked."""
        self.models.clear()
        for entry in checkpoints.models():
            mark = "" if checkpoints.is_here(entry) else "  ↓"
            self.models.addItem(f"{entry.name}{mark}: {entry.good_for}", entry.name)
        self.models.addItem(_OWN, None)
        width = self.models.fontMetrics().horizontalAdvance("x" * 60)
        self.models.view().setMinimumWidth(width)
        self._show(self._controller.annotator.models.name)

    def _show(self, name: str) -> None:
        index = self.models.findData(name)
        self.models.setCurrentIndex(index)
        entry = self._entry()
        if entry is None:
            words = "" if self._checkpoint is None else f"{self._checkpoint}"
            self.known.setText(words)
            self.download.hide()
            return
        self.models.setToolTip(entry.good_for)
        self.known.setText(described(entry))
        here = checkpoints.is_here(entry)
        self.download.setVisible(not here)
        self.download.setText(f"Download and use  ({_size(entry)})")

    def _entry(self) -> ModelEntry | None:
        name = self.models.currentData()
        return None if name is None else checkpoints.find(name)

    def _on_choice(self) -> None:
        entry = self._entry()
        if entry is not None:
            self._checkpoint = None
            self._show(entry.name)
            if checkpoints.is_here(entry):
                self._use()
            return
        found = self._dialogs.weights_to_open()
        if found is None:
            self._show(self._controller.annotator.models.name)
            return
        self._checkpoint = found
        self._show("")
        self.models.setCurrentIndex(self.models.count() - 1)
        self._use()

    def _again(self) -> None:
        """Open the model anew, on another device or with another precision."""
        entry = self._entry()
        if self._checkpoint is not None or (
            entry is not None and checkpoints.is_here(entry)
        ):
            self._use()

    def _use(self) -> None:
        entry = self._entry()
        self._controller.annotator.models.use(
            None if entry is None else entry.name,
            checkpoint=self._checkpoint,
            device=self.device.currentData(),
            precision=self.precision.currentData(),
        )

    def _on_model(self) -> None:
        entry = self._entry()
        if entry is not None and entry.name != self._controller.annotator.models.name:
            self._checkpoint = None
            self._show(self._controller.annotator.models.name)
        elif entry is not None:
            here = checkpoints.is_here(entry)
            words = f"{entry.name}{'' if here else '  ↓'}: {entry.good_for}"
            self.models.setItemText(self.models.currentIndex(), words)
            self._show(entry.name)


def described(entry: ModelEntry) -> str:
    """Say what is known of a model, line by line."""
    here = "on this disk" if checkpoints.is_here(entry) else "not on this disk yet"
    lines = [
        f"Good for: {entry.good_for}",
        f"Size: {_size(entry)}, {here}",
        f"Licence: {entry.licence}",
        f"Learnt from: {entry.data}",
        entry.note,
    ]
    return "\n".join(line for line in lines if line)


def _size(entry: ModelEntry) -> str:
    if checkpoints.is_here(entry):
        return _spelled(checkpoints.weights_path(entry).stat().st_size)
    if entry.weights is not None and entry.weights.size is not None:
        return _spelled(entry.weights.size)
    alike = (m for m in checkpoints.models() if m.name == entry.architecture)
    sizes = (m.weights.size for m in alike if m.weights and m.weights.size)
    size = next(sizes, None)
    return "size unknown" if size is None else f"about {_spelled(size)}"


def _spelled(count: float) -> str:
    for unit, size in _UNITS:
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} B"
