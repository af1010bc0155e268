"""Views are refreshed once for all that changed, after it."""

from psygnal import Signal
from qtpy.QtWidgets import QWidget

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
