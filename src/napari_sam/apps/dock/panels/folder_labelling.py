"""A folder is labelled: what by, where to, and a button that also goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLineEdit, QSizePolicy, QToolButton

from napari_sam.annotator.folder_labelling import FolderPlan
from napari_sam.annotator.word_models import HOW_TO_GET_ONE
from napari_sam.apps.dock.folder_navigation import file_of
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import (
    Section,
    button,
    choice,
    named,
    row,
    text,
)
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concepts import read_words
from napari_sam.core.errors import SessionError
from napari_sam.labelling import LabelSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.apps.dock.panels.everything import EverythingPanel

_NAMED, _SELECTED, _ALL, _WORDS = "named", "selected", "all", "words"
_BY = (
    (_NAMED, "objects with a class"),
    (_SELECTED, "the selected objects"),
    (_WORDS, "words"),
    (_ALL, "nothing: find all objects"),
)
#: What follows the name of a folder in the name of its data set.
_LABELLED = "-labelled"


class FolderPanel(Section):
    """Labels a folder of images beside everything else.

    Parameters
    ----------
    controller
        With the image that is open, and what is known of it.
    everything
        Says how objects are found.
    dialogs
        Ask for folders.
    selected
        Returns the numbers of the objects that are selected in the table.
    open_dataset
        Opens a data set for its review.
    """

    def __init__(
        self,
        controller: DockController,
        everything: EverythingPanel,
        dialogs: Dialogs,
        selected: Callable[[], Sequence[int]],
        open_dataset: Callable[[Path], object],
    ) -> None:
        super().__init__("Label a folder", is_open=False)
        self._controller, self._everything = controller, everything
        self._annotator, self._dialogs = controller.annotator, dialogs
        self._selected, self._open = selected, open_dataset
        self._output_is_mine = False
        self._make()
        self._lay_out()
        events = self._annotator.events
        self._refresher = Refresher(
            self,
            self._refresh,
            events.image_opened,
            events.objects_changed,
            events.selection_changed,
            events.words_changed,
            events.model_changed,
            events.busy,
        )
        self.refresh_while_open(self._refresher)
        events.image_opened.connect(self._propose)
        events.folder_labelled.connect(self._open)
        self._propose()

    @property
    def images(self) -> Path | None:
        """The folder that is labelled, or None."""
        written = self.folder.text().strip()
        return Path(written).expanduser() if written else None

    @property
    def output(self) -> Path | None:
        """The folder of the data set, or None."""
        written = self.target.text().strip()
        return Path(written).expanduser() if written else None

    def label(self) -> None:
        """Label the folder as the panel says."""
        with self._annotator.events.reporting():
            self._annotator.folder.label(self._plan())

    def _plan(self) -> FolderPlan:
        images, output = self.images, self.output
        if images is None or output is None:
            raise SessionError("Choose a folder of images, and one for the data set.")
        layer, binding = self._controller.layer, self._controller.binding
        by = self.by.currentData()
        plan = FolderPlan(
            images,
            output,
            on=None if layer is None else file_of(layer),
            axes=None if binding is None else self._axes(images),
            similar=self.similar.settings,
            text=self.text.settings,
            automatic=self._everything.settings_of_folder,
        )
        if by == _WORDS:
            return replace(plan, words=read_words(self.words.text()))
        examples = () if by == _ALL else self._examples(by)
        return replace(plan, examples=examples)

    def _examples(self, by: str) -> tuple[int, ...]:
        if by == _SELECTED:
            chosen = tuple(self._selected())
            if not chosen:
                raise SessionError("Select objects in the table that are examples.")
            return chosen
        found = self._annotator.folder.named
        if not found:
            raise SessionError(
                "No object here has a class: write one into the column Class of the "
                "table, for an object or two of each kind, or draw a box around one."
            )
        return found

    def _axes(self, images: Path) -> str | None:
        """Return axes that a person gave, where files as the open one have none."""
        from napari_sam.apps.dock.plane_geometry import named_axes

        layer, binding = self._controller.layer, self._controller.binding
        if layer is None or binding is None or named_axes(layer) is not None:
            return None
        path, axes = file_of(layer), binding.geometry.axes
        is_one = path is not None and images in (path, path.parent)
        return axes if is_one and len(axes) > 2 and "c" not in axes else None

    def _make(self) -> None:
        self.folder, self.target = QLineEdit(), QLineEdit()
        self.folder.setPlaceholderText("a folder of images")
        self.target.setPlaceholderText("a new folder")
        for line in (self.folder, self.target):
            line.textChanged.connect(line.setToolTip)
        self.folder.textChanged.connect(self._on_folder)
        self.target.textEdited.connect(self._on_target)
        self.target.textChanged.connect(lambda _: self._refresh())
        self.choose = self._dots("Choose the folder of images", self._choose_images)
        self.choose_target = self._dots(
            "Choose the folder of the data set", self._choose_output
        )
        self.by = choice("Where the classes come from", _BY)
        self.by.currentIndexChanged.connect(lambda _: self._refresh())
        self.category = QLineEdit()
        self.category.setPlaceholderText("its class")
        self.category.returnPressed.connect(self._draw)
        self.draw = button(
            "Draw a box",
            "The next box that you draw in the image is an example of this class",
            self._draw,
        )
        # Buttons take what room is left, and the line beside it would leave none.
        fixed = QSizePolicy.Policy.Fixed
        self.draw.setSizePolicy(fixed, fixed)
        self._example = named("Example", row(self.category, self.draw))
        self.words = QLineEdit()
        self.words.setPlaceholderText("roof, tree; not: car")
        self.words.textChanged.connect(lambda _: self._refresh())
        self.similar = SettingsForm(LabelSettings(), names=("similarity",))
        self.text = SettingsForm(TextSettings(), names=("threshold",))
        self.run = button(
            "Label the folder",
            "Find and class the objects of all images, in the background; it goes on "
            "where it was stopped",
            self.label,
        )
        self.review = button(
            "Review", "Go through its objects, the most uncertain first", self._review
        )
        self.state = text(faint=True)

    def _dots(self, tip: str, called: Callable[[], object]) -> QToolButton:
        made = QToolButton()
        made.setText("…")
        made.setToolTip(tip)
        made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        made.clicked.connect(lambda: called())
        return made

    def _lay_out(self) -> None:
        self.add(named("Images", row(self.folder, self.choose)))
        self.add(named("By", self.by))
        self.add(self._example)
        self.add(self.words)
        self.add(self.similar.widget)
        self.add(self.text.widget)
        self.add(named("Data set", row(self.target, self.choose_target)))
        self.add(self.run, self.review)
        self.add(self.state)

    def _draw(self) -> None:
        self._annotator.folder.draw_example(self.category.text())

    def _choose_images(self) -> None:
        found = self._dialogs.folder_to_open("Folder of images", self.images)
        if found is not None:
            self.folder.setText(str(found))

    def _choose_output(self) -> None:
        start = None if self.output is None else self.output.parent
        found = self._dialogs.folder_to_open("Folder of the data set", start)
        if found is not None:
            self._output_is_mine = True
            self.target.setText(str(found))

    def _review(self) -> None:
        if self.output is not None:
            self._open(self.output)

    def _propose(self, *_: object) -> None:
        """Propose the folder of the image that is open, if none is chosen."""
        layer = self._controller.layer
        path = None if layer is None else file_of(layer)
        if path is not None and not self.folder.text():
            self.folder.setText(str(path.parent))
        self._refresh()

    def _on_folder(self, written: str) -> None:
        if not self._output_is_mine:
            path = Path(written.strip())
            proposed = path.with_name(f"{path.stem}{_LABELLED}") if path.name else ""
            self.target.setText(str(proposed))
        self._refresh()

    def _on_target(self, written: str) -> None:
        self._output_is_mine = bool(written)

    def _refresh(self, *_: object) -> None:
        by, output = self.by.currentData(), self.output
        self._example.setVisible(by == _NAMED)
        self.words.setVisible(by == _WORDS)
        self.text.widget.setVisible(by == _WORDS)
        self.similar.widget.setVisible(by in (_NAMED, _SELECTED))
        is_there = output is not None and (output / "dataset.json").is_file()
        self.run.setEnabled(self._annotator.session is not None)
        self.review.setEnabled(is_there)
        self.state.setText(self._words(by, is_there))

    def _words(self, by: str, is_there: bool) -> str:
        """Say what would be done."""
        going_on = " Goes on with the data set that is there." if is_there else ""
        if by == _WORDS and not self._annotator.words.models.is_there:
            return HOW_TO_GET_ONE
        if by in (_WORDS, _ALL):
            return going_on.strip()
        if by == _SELECTED:
            count = len(self._selected())
            return f"{count} selected.{going_on}"
        named, session = self._annotator.folder.named, self._annotator.session
        if not named or session is None:
            return (
                "Name the class of an object or two of each kind in the table, or draw "
                "a box around one."
            )
        classes = Counter(session.objects[i].category for i in named)
        listed = ", ".join(f"{n} {name}" for name, n in sorted(classes.items()))
        many = "example" if len(named) == 1 else "examples"
        return f"{len(named)} {many}: {listed}.{going_on}"
