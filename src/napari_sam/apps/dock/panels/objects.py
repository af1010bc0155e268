"""The table of objects, and the buttons that edit them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import (
    QItemSelectionModel,
    QPoint,
    QRegularExpression,
    QSortFilterProxyModel,
    Qt,
    QTimer,
)
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QSpinBox,
    QTableView,
)

from napari_sam.apps.dock.panels.object_model import (
    CLASS,
    NAME,
    NUMBER,
    PIXELS,
    STATE,
    ObjectModel,
)
from napari_sam.apps.dock.panels.widgets import Section, button, choice, row
from napari_sam.apps.dock.refresher import Refresher

if TYPE_CHECKING:
    from qtpy.QtGui import QKeyEvent

    from napari_sam.apps.dock.controller import DockController
    from napari_sam.apps.dock.panels.command_buttons import CommandButtons

_ALL = "all classes"
#: Pixels of the table at least, and of the first row of buttons below it.
_LEAST, _BUTTONS = 90, 36


class _Table(QTableView):
    """A table whose letters are the viewer's keys, instead of searching its rows."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave letters to the viewer, as they are its keys."""
        if event.text().isalpha():
            event.ignore()
        else:
            super().keyPressEvent(event)


class ObjectsPanel(Section):
    """A table of objects; a click on one goes there.

    Parameters
    ----------
    controller
        With the annotator, and the layer whose colours objects have.
    commands
        Makes the buttons of commands.
    """

    def __init__(self, controller: DockController, commands: CommandButtons) -> None:
        super().__init__("Objects")
        self._controller = controller
        self._following, self._height = False, 0
        self.model = ObjectModel(self._color_of, self._describe, self)
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortRole(Qt.ItemDataRole.UserRole)
        self._sorted.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._sorted.setFilterKeyColumn(CLASS)
        self.table = self._table()
        self.classes = choice("Show the objects of one class", [(None, _ALL)])
        self.classes.activated.connect(self._on_class)
        self.by_class = QCheckBox("Colour by class")
        self.by_class.setToolTip("Objects of one class have one colour")
        self.by_class.toggled.connect(self._on_by_class)
        self.by_class.hide()
        self._show_classes = row(self.classes, self.by_class)
        self._show_classes.hide()
        self.rows.addWidget(self._show_classes)
        self.rows.addWidget(self.table)
        self._add_buttons(commands)
        events = controller.annotator.events
        events.image_opened.connect(self._on_opened)
        self._refresher = Refresher(self, self._refresh, events.objects_changed)
        self._follower = Refresher(self, self._follow, events.selection_changed)
        self._on_opened(controller.annotator.session)

    def fit(self, height: int) -> None:
        """Fill so many pixels with the table and the buttons that are used most."""
        self._height = height
        above = self.table.mapTo(self, QPoint(0, 0)).y()
        self.table.setMinimumHeight(max(_LEAST, height - above - _BUTTONS))

    @property
    def selected(self) -> list[int]:
        """Numbers of the objects that are selected, in the order of the rows."""
        rows = self.table.selectionModel().selectedRows()
        found = sorted(self._sorted.mapToSource(index).row() for index in rows)
        return [self.model.entry(i).index for i in found]

    def _add_buttons(self, commands: CommandButtons) -> None:
        self.correct = commands.button("correct", self._correct)
        self.delete = button("Delete", "Delete the selected objects", self._delete)
        self.merge = button("Merge", "Merge the selected objects into one", self._merge)
        self.split = button(
            "Split", "Draw a line across the object: it is split there", self._split
        )
        self.approve = commands.button("approve", self._approve)
        self.reject = button("Reject", "Mark the object as rejected", self._reject)
        self.pixels = QSpinBox()
        self.pixels.setRange(1, 99)
        self.pixels.setSuffix(" px")
        self.pixels.setToolTip("Pixels by which objects grow or shrink")
        self.grow = button("Grow", "Dilate the object", self._grow)
        self.shrink = button("Shrink", "Erode the object", self._shrink)
        self.fill = button(
            "Fill holes",
            "Fill the holes of the object",
            self._controller.annotator.editing.fill_holes,
        )
        self.rows.addWidget(row(self.correct, self.delete))
        self.rows.addWidget(row(self.merge, self.split))
        self.rows.addWidget(row(self.approve, self.reject))
        self.rows.addWidget(row(self.grow, self.shrink, self.pixels))
        self.rows.addWidget(self.fill)
        self.classify = commands.button("classify")
        self.rows.addWidget(self.classify)

    def _table(self) -> QTableView:
        table = _Table()
        table.setModel(self._sorted)
        table.setSortingEnabled(True)
        table.sortByColumn(NUMBER, Qt.SortOrder.AscendingOrder)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(22)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((NUMBER, 40), (CLASS, 46), (STATE, 74), (PIXELS, 50)):
            table.setColumnWidth(column, width)
        table.setMinimumHeight(_LEAST)
        table.selectionModel().selectionChanged.connect(self._on_selection)
        return table

    def _on_opened(self, session: Any) -> None:
        self.inside.setEnabled(session is not None)
        self.by_class.setChecked(False)
        self.model.show([])
        if session is not None:
            self._refresh()

    def _refresh(self) -> None:
        binding, session = self._controller.binding, self._controller.annotator.session
        if binding is None or session is None:
            return
        entries = binding.objects.entries
        self.model.show(entries)
        digits = len(str(max((one.index for one in entries), default=0)))
        self.table.setColumnWidth(NUMBER, max(40, 31 + 8 * digits))
        if self.by_class.isChecked():
            self.model.recolor()
        self._list_classes({entry.category for entry in entries} - {""})
        self._follow()
        self._enable()

    def _list_classes(self, found: set[str]) -> None:
        now = self.classes.currentText()
        offered = [_ALL, *sorted(found)]
        if offered != [self.classes.itemText(i) for i in range(self.classes.count())]:
            self.classes.clear()
            self.classes.addItems(offered)
            self.classes.setCurrentText(now if now in offered else _ALL)
            for one in (self._show_classes, self.by_class):
                one.setVisible(bool(found))
            self.table.setColumnWidth(CLASS, 60 if found else 46)
            self._on_class()
            # Once the line above the table has its place.
            QTimer.singleShot(0, self, lambda: self.fit(self._height))

    def _on_by_class(self, wanted: bool) -> None:
        binding = self._controller.binding
        if binding is not None:
            binding.label_layer.shows_classes = wanted
            self.model.recolor()

    def _on_class(self) -> None:
        chosen = self.classes.currentText()
        every = self.classes.currentIndex() <= 0
        whole = f"^{QRegularExpression.escape(chosen)}$"
        self._sorted.setFilterRegularExpression("" if every else whole)

    def _on_selection(self) -> None:
        """Go to the one object that was selected."""
        chosen = self.selected
        self._enable()
        session = self._controller.annotator.session
        if self._following or session is None or len(chosen) != 1:
            return
        if chosen[0] != self._looked_at:
            self._controller.annotator.objects.select(chosen[0])

    @property
    def _looked_at(self) -> int | None:
        """The object whose row is selected: the one that buttons change."""
        annotator = self._controller.annotator
        if annotator.session is None or annotator.objects.selected is not None:
            return annotator.objects.selected
        return annotator.session.current.object_id

    def _follow(self) -> None:
        """Select the row of the object that is looked at, without going anywhere."""
        looked_at = self._looked_at
        source = None if looked_at is None else self.model.row_of(looked_at)
        if source is None:
            self.table.clearSelection()
            return
        if looked_at in self.selected:
            return
        index = self._sorted.mapFromSource(self.model.index(source, 0))
        flag = QItemSelectionModel.SelectionFlag
        self._following = True
        try:
            self.table.selectionModel().select(index, flag.ClearAndSelect | flag.Rows)
            self.table.scrollTo(index)
        finally:
            self._following = False

    def _enable(self) -> None:
        count = len(self.selected)
        for one in (self.delete, self.approve, self.reject):
            one.setEnabled(count > 0)
        self.merge.setEnabled(count > 1)
        for one in (self.correct, self.split, self.grow, self.shrink, self.fill):
            one.setEnabled(count == 1)

    def _correct(self) -> None:
        for object_id in self.selected[:1]:
            self._controller.annotator.objects.correct(object_id)

    def _delete(self) -> None:
        self._controller.annotator.editing.delete(self.selected)

    def _merge(self) -> None:
        self._controller.annotator.editing.merge(self.selected)

    def _split(self) -> None:
        self._controller.annotator.editing.start_split()

    def _approve(self) -> None:
        self._controller.annotator.editing.approve(self.selected)

    def _reject(self) -> None:
        self._controller.annotator.editing.reject(self.selected)

    def _grow(self) -> None:
        self._controller.annotator.editing.resize(self.pixels.value())

    def _shrink(self) -> None:
        self._controller.annotator.editing.resize(-self.pixels.value())

    def _describe(self, object_id: int, name: str | None, category: str | None) -> None:
        self._controller.annotator.editing.set_info(
            object_id, name=name, category=category
        )

    def _color_of(self, object_id: int) -> Any:
        binding = self._controller.binding
        color = None if binding is None else binding.label_layer.color_of(object_id)
        return (0.5, 0.5, 0.5) if color is None else color
