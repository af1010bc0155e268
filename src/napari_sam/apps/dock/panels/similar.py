"""Similar: all objects that are like those selected in the table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.apps.dock.panels.setting_slider import SettingSlider
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.automatic import SimilarSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.everything import EverythingPanel

_SELECTED = "the selected objects"


class SimilarPanel(Section):
    """Finds objects like examples; *Everything* above says where, and accepts them.

    Parameters
    ----------
    annotator
        With the objects that may be examples.
    everything
        The panel that says where objects are looked for, and how.
    selected
        Returns the numbers of the objects that are selected in the table.
    """

    def __init__(
        self,
        annotator: Annotator,
        everything: EverythingPanel,
        selected: Callable[[], Sequence[int]],
    ) -> None:
        super().__init__("Similar", is_open=False)
        self._annotator, self._everything = annotator, everything
        self._selected = selected
        self._unlike: tuple[int, ...] = ()
        self._make()
        self.add(text("Objects in the table are examples: select some.", faint=True))
        self.add(named("Like", self.examples))
        self.add(self.run)
        self.add(self.unlike)
        self.add(self.similarity.label, self.similarity)
        self.add(self.weights.widget)
        self.add(self.state)
        annotator.events.automatic_changed.connect(self._on_masks)
        self._refresher = Refresher(
            self, self._on_objects, annotator.events.objects_changed
        )
        self.refresh_while_open(self._refresher)
        annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(annotator.session)

    @property
    def settings(self) -> SimilarSettings:
        """How similar objects must be, as the slider and the form say."""
        return replace(self.weights.settings, similarity=self.similarity.setting)

    def _make(self) -> None:
        self.examples = choice("Which objects are examples")
        self.run = button(
            "Find all like these",
            "Find all objects that are like the examples; nothing is committed yet",
            self._find,
        )
        self.unlike = button(
            "Not like the selected",
            "Objects like the selected ones are not wanted",
            self._take_unlike,
        )
        self.similarity = SettingSlider(SimilarSettings(), "similarity", self._compare)
        weights = ("by_size", "by_light", "by_features")
        self.weights = SettingsForm(SimilarSettings(), names=weights)
        self.weights.changed.connect(lambda _: self._compare())
        self.state = text(faint=True)

    def _find(self) -> None:
        session = self._annotator.session
        if session is None:
            return
        category = self.examples.currentData()
        like = [i for i, info in session.objects.items() if info.category == category]
        if category is None:
            like = list(self._selected())
        if not like:
            self._annotator.events.message.emit(
                "error", "Select objects in the table that are examples."
            )
            return
        unlike = [i for i in self._unlike if i in session.objects and i not in like]
        self._annotator.everything.compare(self.settings)
        self._everything.find_objects(like=like, unlike=unlike)

    def _take_unlike(self) -> None:
        self._unlike = tuple(self._selected())
        self._on_masks()

    def _compare(self) -> None:
        self._annotator.everything.compare(self.settings)

    def _on_masks(self) -> None:
        everything = self._annotator.everything
        words = f"{everything.count} shown are like the examples."
        shown = words if everything.has_examples else ""
        unwanted = len(self._unlike)
        if unwanted:
            shown += f" {unwanted} object{'s' * (unwanted != 1)} not wanted."
        self.state.setText(shown.strip())

    def _on_objects(self) -> None:
        """Offer the classes there are now."""
        session, chosen = self._annotator.session, self.examples.currentData()
        infos = [] if session is None else session.objects.values()
        classes = sorted({info.category for info in infos} - {""})
        offered = [None, *classes]
        known = [self.examples.itemData(i) for i in range(self.examples.count())]
        if offered != known:
            self.examples.clear()
            for one in offered:
                words = _SELECTED if one is None else f"class {one}"
                self.examples.addItem(words, one)
            self.examples.setCurrentIndex(max(0, self.examples.findData(chosen)))

    def _on_opened(self, session: object) -> None:
        self._unlike = ()
        for one in (self.run, self.unlike):
            one.setEnabled(session is not None)
        self._on_objects()
        self._on_masks()
