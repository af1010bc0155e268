"""The model that predicts masks: choosing, downloading and describing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam import checkpoints
from napari_sam.apps.dock.panels.widgets import (
    Section,
    button,
    choice,
    named,
    text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.checkpoints import ModelEntry

_OWN = "from a file …"
_DEVICES = (
    ("auto", "automatic"),
    ("cpu", "CPU"),
    ("cuda", "NVIDIA GPU (CUDA)"),
    ("mps", "Apple GPU (MPS)"),
)
_PRECISIONS = (
    ("auto", "automatic"),
    ("float32", "float32"),
    ("bfloat16", "bfloat16: faster on GPUs"),
)
_UNITS = (("GB", 10**9), ("MB", 10**6), ("KB", 10**3))


class ModelPanel(Section):
    """A list of models; one that is on this disk is loaded as soon as it is chosen."""

    def __init__(self, annotator: Annotator, dialogs: Dialogs) -> None:
        super().__init__("Model", is_open=False)
        self._annotator, self._dialogs = annotator, dialogs
        self._checkpoint: Path | None = None
        self.models = choice("The model that predicts masks; ↓ marks those to download")
        self.models.activated.connect(lambda _: self._on_choice())
        self.known = text()
        self.download = button(
            "Download and use",
            "Download the weights once; they are verified",
            self._use,
        )
        self.remove = button(
            "Remove this model",
            "Delete the weights of this model of yours",
            self._remove,
        )
        self.improve = button(
            "Improve with my corrections",
            "Train the model on what you committed, in the background; the new one "
            "is listed here if it is better on those held back",
            annotator.improvement.improve,
        )
        self.device = choice("Device that the model runs on", _DEVICES)
        self.precision = choice("Precision that the model computes with", _PRECISIONS)
        for one in (self.device, self.precision):
            one.activated.connect(lambda _: self._reload())
        self.add(named("Model", self.models))
        self.add(self.known)
        self.add(self.download)
        self.add(self.improve)
        self.add(self.remove)
        self.add(named("Device", self.device))
        self.add(named("Precision", self.precision))
        self.fill()
        annotator.events.model_changed.connect(self._on_model)

    def fill(self) -> None:
        """List the models there are now, those on this disk first marked."""
        self.models.clear()
        for entry in checkpoints.models():
            mark = "" if checkpoints.is_here(entry) else "  ↓"
            self.models.addItem(f"{entry.name}{mark}: {entry.good_for}", entry.name)
        self.models.addItem(_OWN, None)
        width = self.models.fontMetrics().horizontalAdvance("x" * 60)
        self.models.view().setMinimumWidth(width)
        self._show_model(self._annotator.models.name)

    def _show_model(self, name: str) -> None:
        index = self.models.findData(name)
        self.models.setCurrentIndex(index)
        entry = self._entry()
        if entry is None:
            words = "" if self._checkpoint is None else f"{self._checkpoint}"
            self.known.setText(words)
            self.title.setText(f"Model: {words}" if words else "Model")
            self.download.hide()
            self.remove.hide()
            return
        self.models.setToolTip(entry.good_for)
        self.known.setText(described(entry))
        self.title.setText(f"Model: {entry.name}")
        here = checkpoints.is_here(entry)
        self.download.setVisible(not here)
        self.remove.setVisible(entry.own)
        self.download.setText(f"Download and use  ({_size(entry)})")

    def _entry(self) -> ModelEntry | None:
        name = self.models.currentData()
        return None if name is None else checkpoints.find(name)

    def _on_choice(self) -> None:
        entry = self._entry()
        if entry is not None:
            self._checkpoint = None
            self._show_model(entry.name)
            if checkpoints.is_here(entry):
                self._use()
            return
        found = self._dialogs.weights_to_open()
        if found is None:
            self._show_model(self._annotator.models.name)
            return
        self._checkpoint = found
        self._show_model("")
        self.models.setCurrentIndex(self.models.count() - 1)
        self._use()

    def _reload(self) -> None:
        """Open the model anew, on another device or with another precision."""
        entry = self._entry()
        if self._checkpoint is not None or (
            entry is not None and checkpoints.is_here(entry)
        ):
            self._use()

    def _use(self) -> None:
        entry = self._entry()
        self._annotator.models.use(
            None if entry is None else entry.name,
            checkpoint=self._checkpoint,
            device=self.device.currentData(),
            precision=self.precision.currentData(),
        )

    def _remove(self) -> None:
        """Delete a model of the person, who is asked first."""
        entry = self._entry()
        if entry is None or not entry.own:
            return
        answers = ("Delete it", "Keep it")
        if (
            self._dialogs.choose(f"Delete {entry.name} for good?", answers)
            == answers[0]
        ):
            checkpoints.remove(entry.name)
            if self._annotator.models.name == entry.name:
                self._annotator.models.use("pocket")
            self.fill()

    def _on_model(self) -> None:
        if self.models.count() != len(checkpoints.models()) + 1:
            self.fill()
        entry = self._entry()
        if entry is not None and entry.name != self._annotator.models.name:
            self._checkpoint = None
            self._show_model(self._annotator.models.name)
        elif entry is not None:
            here = checkpoints.is_here(entry)
            words = f"{entry.name}{'' if here else '  ↓'}: {entry.good_for}"
            self.models.setItemText(self.models.currentIndex(), words)
            self._show_model(entry.name)


def described(entry: ModelEntry) -> str:
    """Describe a model for a person, line by line."""
    here = "on this disk" if checkpoints.is_here(entry) else "not on this disk yet"
    lines = [
        f"Good for: {entry.good_for}",
        f"Size: {_size(entry)}, {here}",
        f"Licence: {entry.licence}",
        f"Trained on: {entry.data}",
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
