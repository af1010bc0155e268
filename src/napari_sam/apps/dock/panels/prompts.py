"""Saying where an object is, and keeping its mask."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QButtonGroup, QCheckBox, QToolButton

from napari_sam.apps.dock.panels.candidates import CandidatesPanel
from napari_sam.apps.dock.panels.icons import icon
from napari_sam.apps.dock.panels.widgets import (
    Section,
    button,
    choice,
    named,
    row,
    tool,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.apps.dock.controller import DockController

#: Name in the binding, word and picture, and what to do with it.
_TOOLS = (
    ("point", "Click", "click", "Click on the object; right-click where it is not"),
    ("box", "Box", "box", "Drag a box around the object"),
    ("polygon", "Outline", "outline", "Click around the object; double-click to end"),
    ("lasso", "Lasso", "lasso", "Draw around the object with the mouse held down"),
    ("scribble", "Line", "line", "Draw a line along the object"),
)
_POLICIES = (
    ("keep", "leave them as they are"),
    ("overwrite", "take their pixels"),
    ("ask", "ask me each time"),
)


class PromptsPanel(Section):
    """Tools, what they mean, and the buttons that keep what they found.

    Parameters
    ----------
    controller
        Who is told.
    keys
        The key of each action, by its name.
    """

    def __init__(self, controller: DockController, keys: Mapping[str, str]) -> None:
        super().__init__("Say where it is")
        self._controller = controller
        self.polarity = self._polarity(keys)
        self.tools = self._tools()
        self.hover = QCheckBox(f"Show the mask under the mouse  ({keys['hover']})")
        self.hover.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hover.setToolTip("A preview of what a click there would find")
        self.hover.toggled.connect(self._on_hover)
        self.candidates = CandidatesPanel(controller, keys)
        self.keep = button(
            "Keep",
            "Put this mask into the labels, and go on to a new object",
            controller.annotator.commits.commit,
            key=keys["commit"],
        )
        self.keep.setStyleSheet("font-weight: bold; padding: 8px;")
        self.next = button(
            "Next",
            "Go on to a new object; this one stays open",
            controller.annotator.objects.next,
            key=keys["next_object"],
        )
        self.next.setStyleSheet("padding: 8px;")
        self.undo = button("Undo", "Take back the last step", controller.annotator.undo)
        self.redo = button(
            "Redo", "Repeat the step taken back", controller.annotator.redo
        )
        self.back = button(
            "Back",
            "Go back to the object before",
            controller.annotator.objects.previous,
            key=keys["previous_object"],
        )
        self.undo.setToolTip("Take back the last step (Ctrl+Z)")
        self.redo.setToolTip("Repeat the step taken back (Ctrl+Shift+Z)")
        self.overlap = choice(
            "What happens where a new mask lies on other objects", _POLICIES
        )
        self.overlap.activated.connect(self._on_policy)
        self.add(self.hover)
        self.add(self.candidates)
        self.add(self.keep, self.next)
        self.add(self.undo, self.redo, self.back)
        self.rows.addWidget(named("Overlaps", self.overlap))
        controller.annotator.events.hover_changed.connect(self._show_hover)
        controller.annotator.events.polarity_changed.connect(self._show_meaning)
        controller.annotator.events.image_opened.connect(self._on_opened)
        self._on_opened(controller.annotator.session)

    def _polarity(self, keys: Mapping[str, str]) -> QButtonGroup:
        key = keys["polarity"]
        yes = tool("It is here", f"What I mark is the object ({key})", icon("positive"))
        no = tool(
            "Not here", f"What I mark is not the object ({key})", icon("negative")
        )
        yes.setChecked(True)
        group = self._group([yes, no])
        group.idClicked.connect(self._on_meaning)
        return group

    def _tools(self) -> QButtonGroup:
        made = [tool(words, tip, icon(name)) for _, words, name, tip in _TOOLS]
        made[0].setChecked(True)
        group = self._group(made)
        group.idClicked.connect(self._on_tool)
        return group

    def _group(self, buttons: list[QToolButton]) -> QButtonGroup:
        group = QButtonGroup(self)
        for i, one in enumerate(buttons):
            group.addButton(one, i)
        self.rows.addWidget(row(*buttons))
        return group

    def _on_meaning(self, index: int) -> None:
        self._controller.annotator.preview.positive = index == 0

    def _show_meaning(self, positive: bool) -> None:
        self.polarity.button(0 if positive else 1).setChecked(True)

    def _on_tool(self, index: int) -> None:
        if self._controller.binding is not None:
            self._controller.binding.use_tool(_TOOLS[index][0])

    def _on_hover(self, on: bool) -> None:
        if on != self._controller.annotator.hover.on:
            self._controller.annotator.hover.on = on

    def _show_hover(self, on: bool) -> None:
        self.hover.setChecked(on)

    def _on_policy(self) -> None:
        self._controller.annotator.commits.overlap = self.overlap.currentData()

    def _on_opened(self, session: Any) -> None:
        self.inside.setEnabled(session is not None)
        if session is not None:
            self.tools.button(0).setChecked(True)
            session.changed.connect(self._on_step)
            self._on_step()

    def _on_step(self, *_: Any) -> None:
        session = self._controller.annotator.session
        if session is not None:
            self.undo.setEnabled(session.history.last is not None)
            self.redo.setEnabled(session.history.next is not None)
