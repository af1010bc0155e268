"""Views are refreshed once for all that changed, after it."""

from psygnal import Signal
from qtpy.QtWidgets import QWidget

from napari_sam.apps.dock.panels.widgets import Section
from napari_sam.apps.dock.refresher import Refresher


class Source:
    moved = Signal(int, int)
    renamed = Signal()


def test_many_signals_are_one_refresh_a_turn_later(qtbot, qapp):
    source, seen, state = Source(), [], {"at": 0}
    owner = QWidget()
    qtbot.addWidget(owner)
    refresher = Refresher(
        owner, lambda: seen.append(state["at"]), source.moved, source.renamed
    )
    for i in range(5):
        state["at"] = i
        source.moved.emit(i, i)
        source.renamed.emit()
    assert seen == []
    qapp.processEvents()
    assert seen == [4]
    qapp.processEvents()
    assert seen == [4]
    source.renamed.emit()
    refresher.stop()
    qapp.processEvents()
    assert seen == [4]


def test_a_closed_section_is_refreshed_once_when_it_is_opened(qtbot):
    section, shown = Section("Folder", is_open=False), []
    qtbot.addWidget(section)
    refresher = Refresher(section, lambda: shown.append(1))
    section.refresh_while_open(refresher)
    refresher.request()
    refresher.request()
    qtbot.wait(20)
    assert not shown
    section.title.setChecked(True)
    qtbot.waitUntil(lambda: shown == [1])
    section.title.setChecked(False)
    section.title.setChecked(True)
    qtbot.wait(20)
    assert shown == [1]
