"""The dock in napari: panels in a column, each given what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QSize, QTimer
from qtpy.QtWidgets import QApplication, QVBoxLayout, QWidget

from napari_sam.annotator.commands import COMMANDS, shown_key
from napari_sam.annotator.models import ModelPool
from napari_sam.apps.dock import compat
from napari_sam.apps.dock.controller import DockController
from napari_sam.apps.dock.key_bindings import chosen_keys
from napari_sam.apps.dock.panels.activity import ActivityPanel, TroublePanel
from napari_sam.apps.dock.panels.batch import BatchPanel
from napari_sam.apps.dock.panels.closing import CloseWatcher
from napari_sam.apps.dock.panels.command_buttons import CommandButtons
from napari_sam.apps.dock.panels.cut_out import CutOutPanel
from napari_sam.apps.dock.panels.dialogs import Dialogs
from napari_sam.apps.dock.panels.embed import EmbedPanel
from napari_sam.apps.dock.panels.everything import EverythingPanel
from napari_sam.apps.dock.panels.folder_labelling import FolderPanel
from napari_sam.apps.dock.panels.image import ImagePanel
from napari_sam.apps.dock.panels.keys import KeysPanel
from napari_sam.apps.dock.panels.measure import MeasurePanel
from napari_sam.apps.dock.panels.model import ModelPanel
from napari_sam.apps.dock.panels.objects import ObjectsPanel
from napari_sam.apps.dock.panels.prompts import PromptsPanel
from napari_sam.apps.dock.panels.recovery import RecoveryPanel
from napari_sam.apps.dock.panels.save import SavePanel
from napari_sam.apps.dock.panels.shared_height import SharedHeight
from napari_sam.apps.dock.panels.similar import SimilarPanel
from napari_sam.apps.dock.panels.status import StatusPanel
from napari_sam.apps.dock.panels.track import TrackPanel
from napari_sam.apps.dock.panels.track_files import TrackFilesPanel
from napari_sam.apps.dock.panels.welcome import WelcomePanel
from napari_sam.apps.dock.panels.widgets import (
    APART,
    NEAR,
    Section,
    column,
    scroll_past_values,
)
from napari_sam.apps.dock.panels.words import WordsPanel
from napari_sam.apps.dock.qt_executor import QtExecutor
from napari_sam.apps.dock.review_widget import review_of

if TYPE_CHECKING:
    from pathlib import Path

    from napari.viewer import Viewer

#: What the dock is called where napari is asked to dock it again.
NAME = "Segment Anything (napari-sam)"
#: Where the application keeps the models that its docks share.
_POOL = "_napari_sam_models"
#: Answers where work would be left behind.
SAVE, LEAVE, STAY = "Save labels …", "Close without saving", "Cancel"
_UNSAVED = "There is work that was not saved."
_KEPT = "It is in the journal, and can be restored when the same image is opened again."
_NOT_KEPT = "It could not be written to the journal: if you do not save it, it is lost."
#: Answers where a new mask lies on other objects.
KEEP, OVERWRITE, NEITHER = "Keep them", "Overwrite them", "Cancel"


class SegmentWidget(QWidget):
    """Segment Anything in napari.

    Parameters
    ----------
    napari_viewer
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: Viewer) -> None:
        super().__init__()
        self.viewer: Any = compat.unwrapped(napari_viewer)
        self.executor = QtExecutor()
        self.controller = DockController(
            self.viewer, self.executor, pool=_shared_pool()
        )
        self.dialogs = Dialogs(self, compat.window_of(self.viewer))
        self._area = "right"
        self._ended = self._answered = False
        self._make_panels()
        self._lay_out()
        self.close_watcher = CloseWatcher(
            self,
            may_close=self._may_close,
            closed=self.end,
            undocked=self._undocked,
        )
        self._connect()
        executor = self.executor
        self.destroyed.connect(lambda _: executor.close())
        # Once the window stands there: loading a model takes seconds.
        QTimer.singleShot(0, self, self._begin)

    def sizeHint(self) -> QSize:
        """Return a width that leaves room for the image."""
        return QSize(300, 760)

    def end(self) -> None:
        """Stop all work and disconnect; the session stays in its journal."""
        if self._ended:
            return
        self._ended = True
        self.close_watcher.end()
        self.viewer.layers.events.inserted.disconnect(self._on_layers)
        self.viewer.layers.events.removed.disconnect(self._on_layers)
        self.trouble.end()
        self.image.end()
        self.batch.end()
        self.track_files.end()
        self.everything.end()
        self.controller.close()
        self.executor.close()

    def _make_panels(self) -> None:
        keys = {name: shown_key(key) for name, key in chosen_keys().items()}
        annotator = self.controller.annotator
        commands = CommandButtons(annotator, keys)
        self.status = StatusPanel(annotator)
        self.activity = ActivityPanel(annotator, keys)
        self.trouble = TroublePanel(annotator)
        self.recovery = RecoveryPanel(annotator)
        self.welcome = WelcomePanel(self._open_sample)
        self.image = ImagePanel(self.viewer, self.controller)
        self.model = ModelPanel(annotator, self.dialogs)
        self.prompts = PromptsPanel(annotator, commands, self._use_tool)
        self.objects = ObjectsPanel(self.controller, commands)
        self.everything = EverythingPanel(self.controller)
        self.similar = SimilarPanel(
            annotator, self.everything, lambda: self.objects.selected
        )
        self.words = WordsPanel(annotator, self.everything, self.dialogs)
        self.folder = FolderPanel(
            self.controller,
            self.everything,
            self.dialogs,
            lambda: self.objects.selected,
            self._review,
        )
        self.measure = MeasurePanel(annotator, self.dialogs)
        self.track = TrackPanel(
            self.controller, commands, lambda: self.objects.selected
        )
        self.track_files = TrackFilesPanel(
            self.controller, self.dialogs, self._plot_growth
        )
        self.track.add(self.track_files)
        self.batch = BatchPanel(self.viewer, self.controller)
        self.embed = EmbedPanel(annotator)
        self.cut_out = CutOutPanel(
            self.controller, self.dialogs, lambda: self.objects.selected
        )
        self.keys = KeysPanel({keys[c.id]: c.tip for c in COMMANDS})
        self.save = SavePanel(self.controller, self.dialogs)

    def _lay_out(self) -> None:
        inside = QWidget()
        rows = column(inside)
        rows.setSpacing(APART)
        rows.setContentsMargins(0, 0, NEAR, 0)
        tools = [
            self.image, self.model, self.prompts, self.everything, self.similar,
            self.words, self.folder, self.batch, self.measure, self.cut_out,
            self.embed, self.keys,
        ]  # fmt: skip
        self._needs_image = [*tools, self.objects]
        for panel in (self.welcome, *tools):
            rows.addWidget(panel)
            if panel is self.folder:
                rows.addWidget(self.track)
        rows.addStretch()
        # Two parts that scroll by themselves: the table is in sight in any window.
        # Classes are written into the table while a folder is to be labelled.
        parts = SharedHeight(
            inside,
            self.objects,
            self.prompts.candidates,
            beside=[self.folder.inside],
            tall=[self.track.inside],
            fit=self.objects.fit,
        )
        for section in inside.findChildren(Section):
            section.opened.connect(parts.bring_into_sight)
        # What is propagated is seen to come, in a low window too.
        strip = self.track.strip_area
        self.track.run.clicked.connect(lambda: parts.bring_into_sight(strip))
        outside = QVBoxLayout(self)
        outside.setContentsMargins(NEAR, NEAR, NEAR, NEAR)
        outside.setSpacing(NEAR)
        outside.addWidget(self.trouble)
        outside.addWidget(self.recovery)
        outside.addWidget(self.activity)
        outside.addWidget(parts, stretch=1)
        outside.addWidget(self.save)
        outside.addWidget(self.status)
        self.setMinimumWidth(280)
        scroll_past_values(self)

    def _connect(self) -> None:
        self.controller.annotator.events.image_lost.connect(self._on_gone)
        self.controller.annotator.events.model_changed.connect(self._on_model)
        rows = self.objects.table.selectionModel()
        rows.selectionChanged.connect(self.track.refresher.request)
        self.controller.annotator.events.overlap_found.connect(self._on_overlap)
        self.viewer.layers.events.inserted.connect(self._on_layers)
        self.viewer.layers.events.removed.connect(self._on_layers)
        self._on_layers()

    def _review(self, dataset: Path) -> None:
        """Open the review of a data set beside the dock."""
        review_of(self.viewer).open(dataset)

    def _plot_growth(self) -> None:
        self.measure.title.setChecked(True)
        self.measure.run.click()

    def _begin(self) -> None:
        if not self._ended and not self.controller.annotator.has_model:
            self.controller.annotator.models.use(self.controller.annotator.models.name)

    def _use_tool(self, name: str) -> None:
        if self.controller.binding is not None:
            self.controller.binding.use_tool(name)

    def _open_sample(self, key: str) -> None:
        self.status.show_message("info", "Opening the sample …")
        # Drawn before the sample is made, which takes a moment.
        self.status.sentence.repaint()
        QTimer.singleShot(0, self, lambda: self._add_sample(key))

    def _add_sample(self, key: str) -> None:
        if not self._ended:
            self.viewer.open_sample("napari-sam", key)

    def _on_layers(self, _: Any = None) -> None:
        there = (
            self.image.layers.count() > 0
            or self.controller.annotator.session is not None
        )
        self.welcome.setVisible(not there)
        for panel in self._needs_image:
            panel.setVisible(there)

    def _on_model(self) -> None:
        session = self.controller.annotator.session
        if (
            self.controller.annotator.has_model
            and session is not None
            and not session.open_prompts
        ):
            self.status.show_message("info", "Ready: click on an object in the image.")

    def _on_gone(self, why: str) -> None:
        self.status.show_message("warning", why)
        self._on_layers()

    def _on_overlap(self, found: dict[int, float]) -> None:
        """Ask what becomes of the objects under a new mask."""
        names = ", ".join(
            f"{i} ({share:.0%} of the mask)" for i, share in found.items()
        )
        answer = self.dialogs.choose(
            f"The new mask lies on other objects: {names}.", [KEEP, OVERWRITE, NEITHER]
        )
        if answer == KEEP:
            self.controller.annotator.commits.commit(overlap="keep")
        elif answer == OVERWRITE:
            self.controller.annotator.commits.commit(overlap="overwrite")

    def _may_close(self, by_hand: bool) -> bool:
        """Ask before the window closes over work that was not saved."""
        # Where a program closes a viewer, its layers are taken away before.
        if self._answered or not self.save.unsaved:
            return True
        if not (by_hand or len(self.viewer.layers)):
            return True
        answer = self._ask_unsaved()
        window = self.close_watcher.window
        if answer == SAVE and window is not None:
            self.save.save_labels(window.close)
        elif answer == LEAVE and window is not None and by_hand:
            # Closed by a person, napari would ask once more.
            self._answered = True
            QTimer.singleShot(0, window.close)
            return False
        return answer == LEAVE

    def _ask_unsaved(self) -> str | None:
        """Ask what becomes of work that was not saved, and say where it is."""
        where = (
            _KEPT
            if self.controller.annotator.persistence.is_in_journal()
            else _NOT_KEPT
        )
        return self.dialogs.choose(f"{_UNSAVED}\n\n{where}", [SAVE, LEAVE, STAY])

    def _undocked(self) -> None:
        """Ask after the dock was closed; if it should stay, it is docked again."""
        if self._ended or not self.save.unsaved:
            self._leave()
            return
        answer = self._ask_unsaved()
        if answer == LEAVE:
            self._leave()
        elif answer != SAVE or not self.save.save_labels(self._leave):
            self.viewer.window.add_dock_widget(self, name=NAME, area=self._area)

    def _leave(self) -> None:
        self.end()
        self.deleteLater()


def _shared_pool() -> ModelPool:
    """Return the models that all docks of this application share."""
    application = QApplication.instance()
    pool = getattr(application, _POOL, None)
    if not isinstance(pool, ModelPool):
        pool = ModelPool()
        setattr(application, _POOL, pool)
    return pool
