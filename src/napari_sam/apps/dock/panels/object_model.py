"""Objects as rows of a Qt model, for any number of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QFont

from napari_sam.apps.dock.panels.icons import swatch

if TYPE_CHECKING:
    from collections.abc import Callable

    from qtpy.QtCore import QObject, QPersistentModelIndex

    from napari_sam.annotator.object_list import Entry

    Index = QModelIndex | QPersistentModelIndex

COLUMNS = ("No.", "Name", "Class", "State", "Pixels")
NUMBER, NAME, CLASS, STATE, PIXELS = range(5)
_FIELDS = ("index", "name", "category", "status", "area")
_NONE = QModelIndex()


class ObjectModel(QAbstractTableModel):
    """Rows of a table of objects, in the order of their numbers.

    Parameters
    ----------
    color_of
        The colour of an object in the labels, each part from 0 to 1.
    describe
        Called with number, name and class when one of these was edited.
    """

    def __init__(
        self,
        color_of: Callable[[int], Any],
        describe: Callable[[int, str | None, str | None], object],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._color_of, self._describe = color_of, describe
        self._entries: list[Entry] = []

    def show(self, entries: list[Entry]) -> None:
        """Show these objects; rows that stay the same are left alone."""
        before = [entry.index for entry in self._entries]
        if before == [entry.index for entry in entries]:
            changed = [
                i
                for i, (old, new) in enumerate(zip(self._entries, entries, strict=True))
                if old != new
            ]
            self._entries = entries
            if changed:
                last = len(COLUMNS) - 1
                self.dataChanged.emit(
                    self.index(changed[0], 0), self.index(changed[-1], last)
                )
            return
        self._insert_or_reset(before, entries)

    def recolor(self) -> None:
        """Draw the colours of all objects again."""
        if self._entries:
            last = self.index(len(self._entries) - 1, NUMBER)
            self.dataChanged.emit(self.index(0, NUMBER), last)

    def entry(self, row: int) -> Entry:
        """Return the object in a row."""
        return self._entries[row]

    def row_of(self, object_id: int) -> int | None:
        """Return the row of an object."""
        rows = (i for i, e in enumerate(self._entries) if e.index == object_id)
        return next(rows, None)

    def rowCount(self, parent: Index = _NONE) -> int:
        """Return how many objects there are."""
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = _NONE) -> int:
        """Return the number of columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = 0
    ) -> Any:
        """Return what a column is called."""
        if role == Qt.ItemDataRole.DisplayRole:
            if orientation == Qt.Orientation.Horizontal:
                return COLUMNS[section]
            return None
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        """Return what a cell shows, and how."""
        entry, col = self._entries[index.row()], index.column()
        value = getattr(entry, _FIELDS[col])
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return value
            case Qt.ItemDataRole.EditRole | Qt.ItemDataRole.UserRole:
                return value
            case Qt.ItemDataRole.DecorationRole if col == NUMBER:
                red, green, blue, *_ = self._color_of(entry.index)
                return swatch(float(red), float(green), float(blue))
            case Qt.ItemDataRole.ToolTipRole:
                return _tip(entry)
            case Qt.ItemDataRole.FontRole if col == CLASS:
                return _font(is_guess=entry.category_score is not None)
            case Qt.ItemDataRole.TextAlignmentRole if col == PIXELS:
                return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Return the flags of a cell: names and classes can be edited."""
        can = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() in (NAME, CLASS):
            can |= Qt.ItemFlag.ItemIsEditable
        return can

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        """Take over a new name or class."""
        entry, col = self._entries[index.row()], index.column()
        is_guess = col == CLASS and entry.category_score is not None
        is_same = value == getattr(entry, _FIELDS[col]) and not is_guess
        if role != Qt.ItemDataRole.EditRole or is_same:
            return False
        entered = str(value).strip()
        self._describe(
            entry.index,
            entered if col == NAME else None,
            entered if col == CLASS else None,
        )
        return True

    def _insert_or_reset(self, before: list[int], entries: list[Entry]) -> None:
        """Add a row at the end, as most new objects are; else, begin anew."""
        after = [entry.index for entry in entries]
        if after[: len(before)] == before:
            self.beginInsertRows(QModelIndex(), len(before), len(after) - 1)
            self._entries = entries
            self.endInsertRows()
        else:
            self.beginResetModel()
            self._entries = entries
            self.endResetModel()


def _tip(entry: Entry) -> str:
    """Return what a cell says under the mouse."""
    text = f"Object {entry.index}: {entry.status}"
    if entry.category_score is not None:
        text += f"; {entry.category} by its looks ({entry.category_score:.0%})"
    return text


def _font(*, is_guess: bool) -> QFont:
    """Return the font of a class: one that nobody has said leans."""
    font = QFont()
    font.setItalic(is_guess)
    return font
