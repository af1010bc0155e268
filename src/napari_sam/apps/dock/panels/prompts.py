"""Prompt tools, candidate masks, and the buttons that commit a mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QCheckBox, QToolButton

from napari_sam.apps.dock.panels.candidates import CandidatesPanel
from napari_sam.apps.dock.panels.icons import icon
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, choice, named, row, tool
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.jobs.settings import SegmentSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.command_buttons import CommandButtons

#: Name in the binding and of the icon, title, and what to do with it.
_TOOLS = (
    ("point", "Point", "Click on the object; right-click beside it"),
    ("box", "Box", "Drag a box around the object"),
    ("polygon", "Polygon", "Click around the object; double-click to end"),
    ("lasso", "Lasso", "Draw around the object with the mouse held down"),
    ("scribble", "Scribble", "Draw a line along the object"),
)
_OVERLAPS = (
    ("keep", "keep other objects"),
    ("overwrite", "overwrite other objects"),
    ("ask", "ask each time"),
)


class PromptsPanel(Section):
    """Tools that draw prompts, the candidate masks, and what becomes of them.

    Parameters
    ----------
    annotator
        Predicts and commits masks of the prompts.
    commands
        Makes the buttons.
    use_tool
        Called with the name of a tool that was chosen.
    """

    def __init__(
        self,
        annotator: Annotator,
        commands: CommandButtons,
        use_tool: Callable[[str], object],
    ) -> None:
        super().__init__("Prompts")
        self._annotator, self._use_tool = annotator, use_tool
        self.polarity = self._polarity(commands.tip("polarity"))
        self.tools = self._tools()
        self.hover = self._hover(commands)
        self.candidates = CandidatesPanel(annotator, commands)
        self._add_buttons(commands)
        self.add(self.candidates)
        self.add(self.hover)
        self._add_settings()
        annotator.events.hover_changed.connect(self._show_hover)
        annotator.events.polarity_changed.connect(self._show_polarity)
        annotator.events.model_changed.connect(self._show_settings)
        annotator.events.image_opened.connect(self._on_opened)
        self._refresher = Refresher(self, self._on_step, annotator.events.stepped)
        self._on_opened(annotator.session)

    def _add_buttons(self, commands: CommandButtons) -> None:
        self.commit = commands.button("commit")
        self.commit.setStyleSheet("font-weight: bold; padding: 8px;")
        self.next = commands.button("next_object")
        self.previous = commands.button("previous_object")
        self.undo = commands.button("undo", shows_key=False)
        self.redo = commands.button("redo", shows_key=False)
        self.add(self.commit)
        self.add(self.next, self.previous)
        self.add(self.undo, self.redo)

    def _add_settings(self) -> None:
        self.overlap = choice("Where a new mask lies on other objects", _OVERLAPS)
        self.overlap.activated.connect(self._on_overlap)
        self.masks = SettingsForm(SegmentSettings(), names=["connected"])
        self.masks.changed.connect(self._on_settings)
        self.rows.addWidget(named("Overlaps", self.overlap))
        self.rows.addWidget(self.masks.widget)

    def _hover(self, commands: CommandButtons) -> QCheckBox:
        box = QCheckBox(commands.title("hover"))
        box.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box.setToolTip("A preview of the mask that a click there would predict")
        box.toggled.connect(self._on_hover)
        return box

    def _polarity(self, tip: str) -> QButtonGroup:
        positive = tool("Positive", f"Prompts on the object. {tip}", icon("positive"))
        negative = tool("Negative", f"Prompts beside it. {tip}", icon("negative"))
        positive.setChecked(True)
        group = self._group([positive, negative])
        group.idClicked.connect(self._on_polarity)
        return group

    def _tools(self) -> QButtonGroup:
        made = [tool(title, tip, icon(name)) for name, title, tip in _TOOLS]
        made[0].setChecked(True)
        group = self._group(made)
        group.idClicked.connect(lambda index: self._use_tool(_TOOLS[index][0]))
        return group

    def _group(self, buttons: list[QToolButton]) -> QButtonGroup:
        group = QButtonGroup(self)
        for i, one in enumerate(buttons):
            group.addButton(one, i)
        self.rows.addWidget(row(*buttons))
        return group

    def _on_polarity(self, index: int) -> None:
        self._annotator.preview.positive = index == 0

    def _show_polarity(self, positive: bool) -> None:
        self.polarity.button(0 if positive else 1).setChecked(True)

    def _on_hover(self, on: bool) -> None:
        if on != self._annotator.hover.on:
            self._annotator.hover.on = on

    def _show_hover(self, on: bool) -> None:
        self.hover.setChecked(on)

    def _on_overlap(self) -> None:
        self._annotator.commits.overlap = self.overlap.currentData()

    def _on_settings(self, settings: SegmentSettings) -> None:
        self._annotator.models.settings = settings

    def _show_settings(self) -> None:
        self.masks.settings = self._annotator.models.settings

    def _on_opened(self, session: Any) -> None:
        self.inside.setEnabled(session is not None)
        self._show_settings()
        if session is not None:
            self.tools.button(0).setChecked(True)
            self._on_step()

    def _on_step(self) -> None:
        session = self._annotator.session
        if session is not None:
            self.undo.setEnabled(session.history.last is not None)
            self.redo.setEnabled(session.history.next is not None)
