"""Parts of the window by themselves."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import Qt, QTimer
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel, QWidget

from napari_sam import checkpoints
from napari_sam.annotator.commands import COMMANDS
from napari_sam.annotator.events import AnnotatorEvents
from napari_sam.annotator.object_list import Entry
from napari_sam.apps.dock.panels.candidates import CandidatesPanel
from napari_sam.apps.dock.panels.command_buttons import CommandButtons
from napari_sam.apps.dock.panels.dialogs import FORMATS, Dialogs
from napari_sam.apps.dock.panels.keys import KeysPanel
from napari_sam.apps.dock.panels.layer_choice import LayerChoice
from napari_sam.apps.dock.panels.model import ModelPanel, described
from napari_sam.apps.dock.panels.object_model import (
    CLASS,
    NAME,
    NUMBER,
    STATE,
    ObjectModel,
)
from napari_sam.apps.dock.panels.recovery import RecoveryPanel
from napari_sam.apps.dock.panels.shared_height import SharedHeight
from napari_sam.apps.dock.panels.status import StatusPanel
from napari_sam.apps.dock.panels.widgets import Section, column
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.progress import Progress
from napari_sam.io.settings import SaveSettings


class Recorder:
    """Any method of an annotator or of its parts; remembers how it was called."""

    def __init__(self, calls, name=""):
        self._calls, self._name = calls, name

    def __getattr__(self, name):
        return Recorder(self._calls, f"{self._name}.{name}".lstrip("."))

    def __call__(self, *args, **options):
        self._calls.append((self._name, args, options))


@pytest.fixture
def calls():
    """What the annotator was called with."""
    return []


@pytest.fixture
def annotator(calls):
    """Stands where an annotator does; remembers how it was called."""
    made = Recorder(calls)
    made.events = AnnotatorEvents()
    made.session = None
    made.models = Recorder(calls, "models")
    made.models.name = "pocket"
    return made


def shown(widget, qtbot):
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_the_status_is_as_high_for_all_that_is_short_and_cuts_nothing(
    annotator, calls, qtbot
):
    status = shown(StatusPanel(annotator), qtbot)
    status.setFixedWidth(280)
    heights = set()
    for level in ("info", "warning", "error"):
        status.show_message(level, "a few words")
        heights.add(status.heightForWidth(280))
    status.show_progress("encoding", Progress(1, 3))
    status._show_bar()
    heights.add(status.heightForWidth(280))
    status.show_progress("", None)
    heights.add(status.heightForWidth(280))
    assert len(heights) == 1
    status.show_message("error", "word " * 60)
    assert status.heightForWidth(280) > max(heights)
    status.resize(280, status.heightForWidth(280))
    sentence = status.sentence
    qtbot.waitUntil(
        lambda: sentence.height() >= sentence.heightForWidth(sentence.width())
    )


def test_short_work_shows_no_bar_and_long_work_does_until_it_ends(
    annotator, calls, qtbot
):
    status = shown(StatusPanel(annotator), qtbot)
    status.show_message("info", "Ready.")
    status.show_progress("encoding", None)
    assert not status.bar.isVisible()
    assert status.sentence.text() == "Ready."
    qtbot.waitUntil(status.bar.isVisible)
    assert "ncoding" in status.sentence.text()
    status.show_progress("encoding", Progress(2, 5))
    assert (status.bar.value(), status.bar.maximum()) == (2, 5)
    status.stop.click()
    assert calls == [("cancel", (), {})]
    status.show_progress("", None)
    assert not status.bar.isVisible()
    assert status.sentence.text() == "Ready."


def test_a_layer_is_chosen_by_itself_and_not_by_its_name(qtbot):
    viewer = ViewerModel()
    first = viewer.add_image(np.zeros((8, 8)), name="first")
    second = viewer.add_image(np.zeros((8, 8)), name="second")
    viewer.add_points(np.zeros((1, 2)), name="not an image")
    choice = LayerChoice(viewer, lambda layer: isinstance(layer, Image))
    qtbot.addWidget(choice)
    assert [choice.itemText(i) for i in range(choice.count())] == ["second", "first"]

    choice.layer = first
    first.name = "renamed"
    assert choice.currentText() == "renamed"
    viewer.layers.move(0, 2)
    assert choice.layer is first
    viewer.layers.remove(second)
    assert choice.layer is first
    viewer.layers.remove(first)
    assert choice.layer is None
    choice.close_list()
    viewer.add_image(np.zeros((8, 8)))
    assert choice.count() == 0


def entries(count, **changed):
    made = [Entry(i, "", "", "committed", 10 * i, 0) for i in range(1, count + 1)]
    for index, entry in changed.items():
        made[int(index[1:]) - 1] = entry
    return made


def test_a_table_of_many_objects_changes_only_where_something_did(qtbot):
    model = ObjectModel(lambda i: (1, 0, 0), lambda *_: None)
    model.show(entries(5000))
    assert model.rowCount() == 5000
    changes = []
    model.dataChanged.connect(
        lambda first, last: changes.append((first.row(), last.row()))
    )
    model.rowsInserted.connect(
        lambda _, first, last: changes.append(("new", first, last))
    )
    model.modelReset.connect(lambda: changes.append("reset"))

    model.show(entries(5000))
    assert changes == []
    model.show(entries(5000, _8=Entry(8, "one", "", "approved", 80, 0)))
    assert changes == [(7, 7)]
    model.show(entries(5001))
    assert changes[1:] == [("new", 5000, 5000)]
    model.show(entries(4000))
    assert changes[2:] == ["reset"]


def test_names_and_classes_are_edited_in_the_table(qtbot):
    edited = []
    model = ObjectModel(lambda i: (1, 0, 0), lambda *what: edited.append(what))
    model.show(entries(2))
    assert model.setData(model.index(1, NAME), " left one ", Qt.ItemDataRole.EditRole)
    assert model.setData(model.index(0, CLASS), "nucleus", Qt.ItemDataRole.EditRole)
    assert not model.setData(model.index(0, CLASS), "", Qt.ItemDataRole.EditRole)
    assert edited == [(2, "left one", None), (1, None, "nucleus")]
    editable = Qt.ItemFlag.ItemIsEditable
    assert model.flags(model.index(0, NAME)) & editable
    assert not model.flags(model.index(0, STATE)) & editable
    assert not model.flags(model.index(0, NUMBER)) & editable


def test_every_model_is_offered_with_what_is_known_of_it(annotator, calls, qtbot):
    panel = shown(ModelPanel(annotator, SimpleNamespace()), qtbot)
    names = [panel.models.itemData(i) for i in range(panel.models.count())]
    assert names == [entry.name for entry in checkpoints.models()] + [None]
    assert panel.models.currentData() == "pocket"
    assert not panel.download.isVisible()
    for entry in checkpoints.models():
        words = described(entry)
        assert entry.good_for in words
        assert entry.licence in words


def test_a_model_that_is_not_on_this_disk_is_fetched_only_when_asked(
    annotator, calls, qtbot
):
    panel = shown(ModelPanel(annotator, SimpleNamespace()), qtbot)
    assert panel.title.text() == "Model: pocket"
    panel.title.click()
    panel.models.setCurrentIndex(panel.models.findData("vit_b"))
    panel._on_choice()
    assert calls == []
    assert panel.download.isVisible()
    assert "MB" in panel.download.text()
    panel.download.click()
    ((name, args, options),) = calls
    assert (name, args) == ("models.use", ("vit_b",))
    assert options["checkpoint"] is None


def test_a_file_of_weights_of_ones_own(annotator, calls, qtbot, tmp_path):
    file = tmp_path / "mine.pt"
    dialogs = SimpleNamespace(weights_to_open=lambda: file)
    panel = shown(ModelPanel(annotator, dialogs), qtbot)
    panel.models.setCurrentIndex(panel.models.count() - 1)
    panel._on_choice()
    ((_, args, options),) = calls
    assert args == (None,)
    assert options["checkpoint"] == file
    panel.device.setCurrentIndex(1)
    panel.device.activated.emit(1)
    assert calls[-1][2] == {
        "checkpoint": file, "device": "cpu", "precision": "auto",
    }  # fmt: skip


def test_choosing_no_file_leaves_the_model_as_it_was(annotator, calls, qtbot):
    panel = shown(
        ModelPanel(annotator, SimpleNamespace(weights_to_open=lambda: None)), qtbot
    )
    panel.models.setCurrentIndex(panel.models.count() - 1)
    panel._on_choice()
    assert calls == []
    assert panel.models.currentData() == "pocket"


def test_a_model_learns_from_corrections_at_a_button(annotator, calls, qtbot):
    panel = shown(ModelPanel(annotator, SimpleNamespace()), qtbot)
    panel.title.click()
    qtbot.mouseClick(panel.improve, Qt.MouseButton.LeftButton)
    assert calls == [("improvement.improve", (), {})]


def test_a_model_of_ones_own_is_listed_when_it_is_there_and_removed_when_asked(
    annotator, calls, qtbot
):
    answers = ["Keep it", "Delete it"]
    dialogs = SimpleNamespace(choose=lambda *_: answers.pop(0))
    panel = shown(ModelPanel(annotator, dialogs), qtbot)
    panel.title.click()
    assert not panel.remove.isVisible()
    file = checkpoints.path("pocket")
    checkpoints.add(file, "mine", architecture="pocket", note="one click 0.6 → 0.7")
    annotator.events.model_changed.emit()
    panel.models.setCurrentIndex(panel.models.findData("mine"))
    panel._on_choice()
    assert "one click 0.6 → 0.7" in panel.known.text()
    for there in (True, False):
        qtbot.mouseClick(panel.remove, Qt.MouseButton.LeftButton)
        assert ("mine" in {m.name for m in checkpoints.models()}) is there
        assert (panel.models.findData("mine") >= 0) is there


def test_earlier_work_is_restored_discarded_or_left(annotator, calls, qtbot, tmp_path):
    from datetime import datetime

    discarded = []
    kept = [
        SimpleNamespace(
            when=datetime(2026, 5, 4, 14, 32).astimezone(),
            objects=count,
            discard=lambda count=count: discarded.append(count),
        )
        for count in (12, 1)
    ]
    panel = shown(RecoveryPanel(annotator), qtbot)
    panel.offer(())
    assert not panel.isVisible()
    annotator.events.journals_found.emit(tuple(kept))
    assert panel.isVisible()
    assert "14:32" in panel.words.text()
    assert "12 objects" in panel.words.text()
    panel.discard.click()
    assert discarded == [12]
    assert "1 object)" in panel.words.text()
    panel.later.click()
    assert not panel.isVisible()
    assert discarded == [12]
    panel.offer(kept)
    panel.restore.click()
    assert calls == [("persistence.restore", (kept[0],), {})]
    assert not panel.isVisible()


def test_keys_are_listed_as_they_are(qtbot):
    panel = shown(KeysPanel({"K": "Keep", "Ctrl+Z": "Undo"}), qtbot)
    panel.title.click()
    words = [label.text() for label in panel.inside.findChildren(type(_label()))]
    assert {"K", "Keep", "Ctrl+Z", "Undo"} <= set(words)


def _label():
    from qtpy.QtWidgets import QLabel

    return QLabel()


class Answers(Dialogs):
    """Chooses a file by itself, and answers as it was told."""

    def __init__(self, answer):
        super().__init__(None)
        self.answer, self.asked = answer, []

    def choose(self, question, answers):
        self.asked.append(question)
        return self.answer


@pytest.fixture
def save_as(monkeypatch):
    """Let the dialog for files end with this name."""
    from qtpy.QtWidgets import QFileDialog

    def choose(path, chosen_filter="TIFF (*.tif)"):
        monkeypatch.setattr(QFileDialog, "exec", lambda _: True)
        monkeypatch.setattr(QFileDialog, "selectedFiles", lambda _: [str(path)])
        monkeypatch.setattr(QFileDialog, "selectedNameFilter", lambda _: chosen_filter)

    return choose


def test_what_is_there_is_replaced_only_after_asking(qapp, save_as, tmp_path):
    there = tmp_path / "labels.zarr"
    there.mkdir()
    save_as(there)
    refuses = Answers("Cancel")
    assert refuses.path_to_save(tmp_path / "x.tif", FORMATS) is None
    assert "labels.zarr" in refuses.asked[0]
    assert Answers("Replace").path_to_save(tmp_path / "x.tif", FORMATS) == there


def test_a_name_without_an_end_gets_that_of_the_form(qapp, save_as, tmp_path):
    save_as(tmp_path / "mine", "OME-Zarr (*.zarr)")
    found = Answers("Cancel").path_to_save(tmp_path / "x.tif", FORMATS)
    assert found == tmp_path / "mine.zarr"


def test_settings_are_changed_in_a_dialog_or_left(qtbot):
    def answer(button):
        from qtpy.QtWidgets import QApplication, QComboBox, QDialogButtonBox

        def press():
            dialog = QApplication.activeModalWidget()
            QTest.keyClick(dialog.findChild(QComboBox), Qt.Key.Key_Down)
            buttons = dialog.findChild(QDialogButtonBox)
            buttons.button(getattr(buttons.StandardButton, button)).click()

        QTimer.singleShot(0, press)
        return Dialogs(None).change(SaveSettings(), "Save", names=["coco"])

    assert answer("Cancel") is None
    assert answer("Ok") == SaveSettings(coco="polygons")


def test_scores_of_candidates_are_at_most_one_hundred_percent(annotator, qtbot):
    logits = np.full((8, 8), 4, np.float32)
    masks = [Prediction(logits, s, Region(0, 0, 8, 8)) for s in (1.15, 0.62, -0.2)]
    annotator.candidates = SimpleNamespace(masks=masks, index=0)
    annotator.preview = SimpleNamespace(threshold=0.0)
    keys = {command.id: command.key for command in COMMANDS}
    panel = shown(CandidatesPanel(annotator, CommandButtons(annotator, keys)), qtbot)
    assert [one.text() for one in panel.buttons] == ["100%", "62%", "0%"]


def test_a_command_button_has_its_title_tip_and_key_and_runs_it(
    annotator, calls, qtbot
):
    made = CommandButtons(annotator, {"commit": "K", "undo": "Ctrl+Z"})
    commit = shown(made.button("commit"), qtbot)
    undo = shown(made.button("undo", shows_key=False), qtbot)
    assert (commit.text(), undo.text()) == ("Commit  (K)", "Undo")
    assert undo.toolTip() == "Take back the last step  (Ctrl+Z)"
    commit.click()
    undo.click()
    assert calls == [("commits.commit", (), {}), ("undo", (), {})]


@pytest.mark.parametrize("height", [560, 900])
def test_what_is_used_with_every_click_is_in_sight_above_the_table(qtbot, height):
    inside, table, line = QWidget(), QLabel("table"), QLabel("candidates")
    rows = column(inside)
    for height_of, one in ((300, QLabel("tools")), (60, line), (400, QLabel("more"))):
        one.setFixedHeight(height_of)
        rows.addWidget(one)
    parts = SharedHeight(inside, table, line)
    qtbot.addWidget(parts)
    parts.resize(280, height)
    parts.show()
    qtbot.waitUntil(lambda: line.visibleRegion().boundingRect().height() == 60)
    assert parts.sizes()[1] >= 100
    rows.insertWidget(0, opened := QLabel("opened"))
    opened.setFixedHeight(40)
    qtbot.waitUntil(lambda: line.y() > 340)
    qtbot.waitUntil(lambda: line.visibleRegion().boundingRect().height() == 60)
    parts.moveSplitter(200, 1)
    parts.resize(280, height + 10)
    assert parts.sizes()[0] < 260, "the border is where a person put it"


def test_the_table_has_room_while_a_panel_beside_it_is_open(qtbot):
    inside, table, line = QWidget(), QLabel("table"), QLabel("candidates")
    rows = column(inside)
    section = Section("Label a folder", is_open=False)
    section.add(shown := QLabel("folder"))
    shown.setFixedHeight(150)
    for height_of, one in ((300, QLabel("tools")), (60, line), (400, QLabel("more"))):
        one.setFixedHeight(height_of)
        rows.addWidget(one)
    rows.addWidget(section)
    fitted = []
    parts = SharedHeight(
        inside, table, line, beside=[section.inside], fit=fitted.append
    )
    section.opened.connect(parts.bring_into_sight)
    qtbot.addWidget(parts)
    parts.resize(280, 600)
    parts.show()
    qtbot.waitUntil(lambda: line.visibleRegion().boundingRect().height() == 60)
    QTest.mouseClick(section.title, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: parts.sizes()[1] > 380)
    qtbot.waitUntil(lambda: shown.visibleRegion().boundingRect().height() == 150)
    assert fitted[-1] == parts.sizes()[1]
    QTest.mouseClick(section.title, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: parts.sizes()[1] < 300)
