"""Track: objects propagated through a movie or a stack, seen along time, corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QCheckBox, QLabel, QProgressBar, QSizePolicy, QSpinBox

from napari_sam.annotator.tracking.family import family_of
from napari_sam.annotator.tracking.propagation import PROPAGATING
from napari_sam.annotator.tracking.timeline import COLORS, WORDS, Mark
from napari_sam.apps.dock.panels.lineage_tree import LineageTree
from napari_sam.apps.dock.panels.review_list import ReviewList
from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.time_strip import DIVIDES, TimeStrip
from napari_sam.apps.dock.panels.widgets import (
    Section,
    button,
    choice,
    named,
    row,
    scrolling,
    text,
)
from napari_sam.apps.dock.refresher import Refresher
from napari_sam.core.address import Address
from napari_sam.session.time_axis import time_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtWidgets import QPushButton, QWidget

    from napari_sam.annotator.tracking.propagation import Direction
    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.command_buttons import CommandButtons
    from napari_sam.tracking import PropagateSettings

#: Milliseconds between a change and what is painted of it.
_REST = 100
#: Pixels that the strip and the tree have at most; they scroll.
_STRIP_HEIGHT, _TREE_HEIGHT = 134, 120
_ALL, _SELECTED = "all objects", "selected objects"
_WAYS: tuple[tuple[Direction, str], ...] = (
    ("both", "all frames"),
    ("forward", "frames after this one"),
    ("backward", "frames before this one"),
)


class TrackPanel(Section):
    """Propagate, see what came of it along time, and mend what is wrong.

    Parameters
    ----------
    controller
        With the annotator, and the layers of tracks.
    commands
        Makes the buttons of commands.
    selected
        Returns the objects that are selected in the table.
    """

    def __init__(
        self,
        controller: DockController,
        commands: CommandButtons,
        selected: Callable[[], list[int]],
    ) -> None:
        super().__init__("Track")
        self._controller, self._selected = controller, selected
        self._annotator = controller.annotator
        events = self._annotator.events
        self.refresher = Refresher(
            self,
            self._refresh,
            events.tracks_changed,
            events.selection_changed,
            rest=_REST,
        )
        self._make_run(commands)
        self._make_strip()
        self._make_review(commands)
        self._make_edits()
        self._make_views()
        self._make_options()
        self._connect()
        self._on_opened()

    def _make_run(self, commands: CommandButtons) -> None:
        self.run = commands.button("propagate", self.propagate, shows_key=False)
        self.cancel = button(
            "Stop", "Stop; frames that are done stay", self._annotator.propagation.stop
        )
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.progress = text(faint=True)
        self.update_button = button(
            "Propagate corrections",
            "Propagate anew next to the frames that were corrected",
            self._annotator.propagation.propagate_corrections,
        )
        self.add(self.run, self.cancel)
        self.add(self.bar)
        self.add(self.progress)
        self.add(self.update_button)

    def _make_options(self) -> None:
        self.objects = choice("Which objects to propagate", [(1, _ALL), (2, _SELECTED)])
        self.direction = choice("To which frames", _WAYS)
        self.first, self.last = QSpinBox(), QSpinBox()
        for box, tip in ((self.first, "First"), (self.last, "Last")):
            box.setToolTip(f"{tip} frame to fill")
            box.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.corrections = QCheckBox("Propagate corrections at once")
        self.corrections.setToolTip(
            "When a corrected frame is committed, frames next to it are propagated "
            "anew, up to those that you prompted or approved"
        )
        self.corrections.setChecked(self._annotator.propagation.propagates_corrections)
        self.form = SettingsForm(self._annotator.propagation.settings)
        options = Section("What to propagate, and how", is_open=False)
        options.add(named("Objects", self.objects))
        options.add(named("To", self.direction))
        options.add(named("Frames", row(self.first, QLabel("to"), self.last)))
        options.add(self.corrections)
        options.add(self.form.widget)
        self.add(options)

    def _make_strip(self) -> None:
        self.shown = choice("Rows of the strip", [(1, _ALL), (2, _SELECTED)])
        self.strip = TimeStrip()
        self.strip.jumped.connect(self._go_to)
        self.strip.ranged.connect(self.refresher.request)
        self.strip_area = scrolling(self.strip)
        self.add(named("Rows", self.shown))
        self.rows.addWidget(self.strip_area)
        self.add(_legend())

    def _make_review(self, commands: CommandButtons) -> None:
        self.flagged = text("Frames to review, lowest confidence first")
        self.list = ReviewList()
        self.list.chosen.connect(self._annotator.review.go_to)
        self.accept = commands.button("review_accept")
        self.correct = commands.button("review_correct")
        self.split = commands.button("review_divide")
        self.next = commands.button("review_next")
        self.add(self.flagged)
        self.rows.addWidget(self.list)
        self.add(self.accept)
        self.add(self.correct)
        self.add(self.split)
        self.add(self.next)

    def _make_edits(self) -> None:
        tracks = self._annotator.tracks
        self.divide = self._edit(
            "Divides",
            "The selected object that begins first divides into the others; if it goes "
            "on, what is left of it is a daughter too",
            tracks.divide,
        )
        self.swap = self._edit(
            "Swap from here",
            "Two selected objects change places from this frame on",
            tracks.swap,
        )
        self.join = self._edit(
            "Join", "Two selected objects are one, also over a gap", tracks.join
        )
        self.cut = self._edit(
            "Cut here", "From this frame on it is another object", tracks.cut
        )
        self.begin = self._edit(
            "Appears here",
            "This is the first frame of the object; earlier masks of it go",
            tracks.begin,
        )
        self.end = self._edit(
            "Ends here",
            "This is the last frame of the object; later masks of it go",
            tracks.end,
        )
        self.delete = self._edit(
            "Delete from here",
            "Remove the object from this frame on",
            tracks.delete_from,
        )
        self.approve = button(
            "Approve frames",
            "Approve this frame of the selected objects, or the frames that you drag "
            "over in the strip: nothing changes them any more. Again, take that back",
            self._approve,
        )
        self.add(text("Selected objects, from this frame on", faint=True))
        self.add(self.divide, self.join)
        self.add(self.swap, self.cut)
        self.add(self.begin, self.end)
        self.add(self.delete, self.approve)

    def _make_views(self) -> None:
        self.paths = QCheckBox("Show paths")
        self.paths.setToolTip("Show where objects came from, as a layer of tracks")
        self.onion = QCheckBox("Show the frame before")
        self.onion.setToolTip("Show the outlines of the frame before on this one")
        self.tree = LineageTree()
        self.tree.clicked.connect(self._go_to)
        self.family = text(faint=True)
        self.tree_area = scrolling(self.tree)
        self.tree_area.setMaximumHeight(_TREE_HEIGHT)
        self.add(self.paths)
        self.add(self.onion)
        self.add(self.family)
        self.rows.addWidget(self.tree_area)

    def _connect(self) -> None:
        events = self._annotator.events
        events.image_opened.connect(self._on_opened)
        self._busy = Refresher(self, self._show_going, events.busy)
        self.form.changed.connect(self._on_settings)
        self.shown.activated.connect(lambda _: self._refresh())
        self.corrections.toggled.connect(self._on_corrections)
        self.paths.toggled.connect(self._on_paths)
        self.onion.toggled.connect(self._on_onion)

    def propagate(self) -> None:
        """Propagate objects with the settings of the form."""
        objects = self._selected() if self.objects.currentIndex() else None
        self._annotator.propagation.propagate(
            objects,
            direction=self.direction.currentData(),
            frames=(self.first.value(), self.last.value()),
        )

    def _edit(
        self, words: str, tip: str, called: Callable[[list[int]], None]
    ) -> QPushButton:
        return button(words, tip, lambda: called(self._selected()))

    def _go_to(self, object_id: int, time: int) -> None:
        timeline = self._annotator.timeline
        if timeline is not None:
            frame = timeline.frame_at(object_id, time)
            self._annotator.review.go_to(Address(frame, object_id))

    def _approve(self) -> None:
        chosen = self.strip.chosen_range
        if chosen is None:
            self._annotator.tracks.approve(self._selected())
        else:
            object_id, first, last = chosen
            self._annotator.tracks.approve([object_id], (first, last))
            self.strip.clear_range()

    def _on_opened(self, _: object = None) -> None:
        timeline = self._annotator.timeline
        self.setVisible(timeline is not None)
        last = 0 if timeline is None else timeline.length - 1
        for box, value in ((self.first, 0), (self.last, last)):
            box.setRange(0, last)
            box.setValue(value)
        self.onion.setEnabled(self._controller.onion.can_be_shown)
        self._refresh()

    def _show_going(self) -> None:
        """Show whether objects are being propagated, and how far."""
        running = self._annotator.running
        going = PROPAGATING in running
        self.cancel.setEnabled(going)
        self.bar.setVisible(going)
        self.progress.setVisible(going)
        progress = running.get(PROPAGATING)
        if progress is not None:
            self.bar.setRange(0, progress.total)
            self.bar.setValue(progress.done)
            done = f"{progress.done} of {progress.total} steps"
            known = [done] if progress.total else []
            self.progress.setText(", ".join([*known, *filter(None, [progress.what])]))

    def _on_settings(self, settings: PropagateSettings) -> None:
        self._annotator.propagation.settings = settings

    def _on_corrections(self, at_once: bool) -> None:
        self._annotator.propagation.propagates_corrections = at_once
        self.refresher.request()

    def _on_paths(self, wanted: bool) -> None:
        self._controller.tracks.enabled = wanted

    def _on_onion(self, wanted: bool) -> None:
        self._controller.onion.enabled = wanted

    def _refresh(self) -> None:
        """Paint what is known now."""
        self._show_going()
        timeline, session = self._annotator.timeline, self._annotator.session
        if timeline is None or session is None:
            self.strip.show_rows(None, [])
            return
        chosen = self._selected()
        every = self.shown.currentIndex() == 0
        self.strip.show_rows(timeline, sorted(timeline.rows) if every else chosen)
        self.strip_area.setFixedHeight(min(self.strip.height(), _STRIP_HEIGHT))
        self.strip.show_time(time_of(session.frames, session.current.frame))
        review = self._annotator.review
        self.list.show_frames(review.queue, review.current)
        self._enable(len(chosen))
        self._show_family(chosen)

    def _enable(self, count: int) -> None:
        review, timeline = self._annotator.review, self._annotator.timeline
        at = review.current
        there = at is not None and timeline is not None and timeline.is_to_review(at)
        for one in (self.accept, self.correct):
            one.setEnabled(there)
        self.split.setEnabled(there or count == 1)
        for one in (self.cut, self.begin, self.end, self.delete):
            one.setEnabled(count == 1)
        for one in (self.join, self.swap):
            one.setEnabled(count == 2)
        self.divide.setEnabled(count > 1)
        self.approve.setEnabled(count > 0 or self.strip.chosen_range is not None)
        propagation = self._annotator.propagation
        self.update_button.setVisible(not propagation.propagates_corrections)
        self.update_button.setEnabled(bool(propagation.corrected))

    def _show_family(self, chosen: list[int]) -> None:
        session, timeline = self._annotator.session, self._annotator.timeline
        assert session is not None
        assert timeline is not None
        family = family_of(session.state, chosen[0]) if chosen else []
        length = timeline.length
        self.tree.show_family(family, length, chosen[0] if chosen else 0)
        self.tree_area.setVisible(len(family) > 1)
        words = "Select an object to see who it came from."
        if family:
            alone = f"Object {chosen[0]} came of no division, and does not divide."
            words = f"Family of object {chosen[0]}:" if len(family) > 1 else alone
        self.family.setText(words)


def _legend() -> QWidget:
    """Return what the colours of the strip mean."""
    shown = (Mark.PROMPTED, Mark.PROPAGATED, Mark.FLAGGED, Mark.APPROVED, Mark.ABSENT)
    words = {
        Mark.PROMPTED: "prompted",
        Mark.ABSENT: "absent",
    }
    parts = [
        f'<span style="color:#{COLORS[mark][-6:]}">■</span> '
        f"{words.get(mark, WORDS[mark])}"
        for mark in shown
    ]
    parts.append(f'<span style="color:{DIVIDES}">▶</span> divides')
    return text("&nbsp; ".join(parts))
