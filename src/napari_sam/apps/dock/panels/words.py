"""Words: what a person writes is found, shown, and accepted with its classes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtWidgets import QLineEdit, QMenu

from napari_sam.annotator.word_models import HOW_TO_GET_ONE, offered_word_models
from napari_sam.apps.dock.panels.setting_slider import SettingSlider
from napari_sam.apps.dock.panels.widgets import Section, button, text
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concepts import read_words

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.apps.dock.panels.everything import EverythingPanel


class WordsPanel(Section):
    """A line for words; *Everything* above says where they are looked for.

    Parameters
    ----------
    annotator
        Finds what words are about.
    everything
        The panel that says where, and that takes masks away, merges and cuts them.
    dialogs
        Ask for the folder of a model of words.
    """

    def __init__(
        self, annotator: Annotator, everything: EverythingPanel, dialogs: Dialogs
    ) -> None:
        super().__init__("Words", is_open=False)
        self._annotator, self._everything = annotator, everything
        self._dialogs = dialogs
        self._make()
        self.add(self.line)
        self.add(self.run)
        self.add(self.threshold.label, self.threshold)
        self.add(self.state)
        self.add(self.accept, self.discard)
        self.add(self.model)
        self.add(self.choose)
        events = annotator.events
        for event in (
            events.automatic_changed,
            events.words_changed,
            events.model_changed,
            events.image_opened,
        ):
            event.connect(self._refresh)
        self._refresh()

    def find_words(self) -> None:
        """Look for the words in the line."""
        events = self._annotator.events
        with events.reporting():
            words = read_words(self.line.text())
            self._trust()
            self._everything.find_inside(
                lambda **where: self._annotator.words.find(words, **where)
            )

    def _make(self) -> None:
        self.line = QLineEdit()
        self.line.setPlaceholderText("roof, tree; not: car")
        self.line.setToolTip(
            "What is looked for, with commas: each word is a class. After “not:”, what "
            "is to be left out"
        )
        self.line.setAccessibleName("Words")
        self.line.returnPressed.connect(self.find_words)
        self.run = button(
            "Find",
            "Find the objects that the words name; nothing is committed yet",
            self.find_words,
        )
        self.threshold = SettingSlider(TextSettings(), "threshold", self._trust)
        self.state = text(faint=True)
        self.accept = button(
            "Accept",
            "Commit all that is shown, with the words as classes, as one step",
            self._annotator.everything.accept,
        )
        self.discard = button(
            "Discard",
            "Discard these masks; nothing is committed",
            self._annotator.everything.discard,
        )
        self.model = text(faint=True)
        self.choose = button(
            "Model of words", "Choose a model that knows words", self._offer
        )
        self.offered = QMenu(self.choose)
        self.choose.setMenu(self.offered)
        self.offered.aboutToShow.connect(self._offer)

    def _offer(self) -> None:
        """List the models that are known by name, and say which are here."""
        use = self._annotator.words.models.use
        self.offered.clear()
        for name, about in offered_word_models():
            self.offered.addAction(about).triggered.connect(
                lambda _=False, name=name: use(name)
            )
        self.offered.addSeparator()
        self.offered.addAction("A folder …").triggered.connect(self._choose)

    def _choose(self) -> None:
        folder = self._dialogs.folder_to_open("Folder of a model of words")
        if folder is not None:
            self._annotator.words.models.use(folder)

    def _trust(self) -> None:
        settings = replace(
            self._annotator.words.settings, threshold=self.threshold.setting
        )
        self._annotator.words.trust(settings)

    def _refresh(self, *_: object) -> None:
        words, there = self._annotator.words, self._annotator.session is not None
        models = words.models
        self.run.setEnabled(there and models.is_there)
        self.model.setText(
            f"Model of words: {models.name}." if models.is_there else HOW_TO_GET_ONE
        )
        counts = words.counts if words.found_by else {}
        listed = ", ".join(f"{n} {word}" for word, n in counts.items())
        found = f"{listed or 'No mask above this score'}; {words.found_by}."
        self.state.setText(found if words.found_by else "")
        self.state.setVisible(bool(words.found_by))
        self.accept.setEnabled(bool(counts))
        self.discard.setEnabled(bool(words.found_by))
