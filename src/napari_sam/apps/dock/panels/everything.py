"""Everything: all objects of the plane at once, to filter, to reject, and to accept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QLabel, QSlider

from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, text
from napari_sam.automatic import EverythingSettings, FilterSettings, InstanceSettings
from napari_sam.core.settings import settings_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.found_layer import FoundLayer
    from napari_sam.session import AnnotationSession

#: Steps of a slider for 1.
_STEPS = 100
#: Pixels of the longest word before a slider.
_LABEL = 84
#: Milliseconds that a slider must rest before objects are found anew.
_REST = 300


class EverythingPanel(Section):
    """A button that finds all objects, and what becomes of those that were found.

    Moving *Score* or a size changes what is shown at once; *Split* and *Foreground*
    cut instances out anew, from embeddings that are there.
    """

    def __init__(self, annotator: Annotator, found: FoundLayer) -> None:
        super().__init__("Everything")
        self._annotator, self._found = annotator, found
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._find_again)
        self._make_buttons()
        self._make_settings()
        self._lay_out()
        annotator.events.automatic_changed.connect(self._on_masks)
        annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(annotator.session)

    @property
    def instances(self) -> InstanceSettings:
        """How instances are cut out, as the sliders say."""
        return InstanceSettings(
            split=self.split.value() / _STEPS,
            foreground=self.foreground.value() / _STEPS,
        )

    def find_objects(self, *, in_view: bool = False) -> None:
        """Find all objects of the plane, or of what is in view."""
        self._in_view = in_view
        self._annotator.everything.find(
            self.method.settings, self.instances, in_view=in_view
        )

    def _make_buttons(self) -> None:
        self._in_view = False
        self.run = button(
            "Find all objects",
            "Find all objects of this plane; nothing is committed yet",
            self.find_objects,
        )
        self.view = button(
            "In view", "Find the objects that are in view", self._find_in_view
        )
        self.reject = button(
            "Reject by click",
            "Click a mask to leave it out, and again to take it",
            self._found.choose,
        )
        self.accept = button(
            "Accept", "Commit all masks that are shown, as one step", self._accept
        )
        self.discard = button(
            "Discard", "Forget what was found", self._annotator.everything.discard
        )

    def _make_settings(self) -> None:
        self.count = text(faint=True)
        self.score = self._slider(FilterSettings(), "score", self._filter)
        self.split = self._slider(InstanceSettings(), "split", self._rest.start)
        self.foreground = self._slider(
            InstanceSettings(), "foreground", self._rest.start
        )
        sizes = ("smallest", "largest", "exclude_border")
        self.filters = SettingsForm(FilterSettings(), names=sizes)
        self.method = SettingsForm(EverythingSettings(), names=("method", "refine"))
        self.filters.changed.connect(self._filter)

    def _lay_out(self) -> None:
        self.add(self.run, self.view)
        for words, slider in (
            ("Score", self.score),
            ("Split", self.split),
            ("Foreground", self.foreground),
        ):
            label = QLabel(words)
            label.setFixedWidth(_LABEL)
            self.add(label, slider)
        self.add(self.filters.widget)
        self.add(self.method.widget)
        self.add(self.count)
        self.add(self.reject)
        self.add(self.accept, self.discard)

    def _slider(
        self,
        settings: FilterSettings | InstanceSettings,
        name: str,
        moved: Callable[[], object],
    ) -> QSlider:
        one = next(s for s in settings_of(type(settings)) if s.name == name)
        made = QSlider(Qt.Orientation.Horizontal)
        made.setRange(
            round((one.minimum or 0) * _STEPS), round((one.maximum or 1) * _STEPS)
        )
        made.setValue(round(getattr(settings, name) * _STEPS))
        made.setToolTip(one.tip)
        made.setAccessibleName(one.label)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.valueChanged.connect(lambda _: moved())
        return made

    def _find_in_view(self) -> None:
        self.find_objects(in_view=True)

    def _find_again(self) -> None:
        """Cut instances out anew, if any were found."""
        if self._annotator.everything.frame is not None:
            self.find_objects(in_view=self._in_view)

    def _filter(self, _: object = None) -> None:
        score = self.score.value() / _STEPS
        self._annotator.everything.filter(replace(self.filters.settings, score=score))

    def _accept(self) -> None:
        self._annotator.everything.accept()

    def _on_masks(self) -> None:
        everything = self._annotator.everything
        shown, rejected = len(everything.masks), len(everything.rejected)
        there = everything.frame is not None
        words = f"{shown} shown" + (f", {rejected} rejected" if rejected else "")
        self.count.setText(words if there else "Nothing was looked for yet.")
        for one in (self.reject, self.accept):
            one.setEnabled(shown > 0)
        self.discard.setEnabled(there)

    def _on_opened(self, session: AnnotationSession | None) -> None:
        for one in (self.run, self.view):
            one.setEnabled(session is not None)
        self._on_masks()
