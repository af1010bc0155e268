"""The keys of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QGridLayout, QLabel, QSizePolicy

from napari_sam.apps.dock.panels.widgets import NEAR, Section, text

if TYPE_CHECKING:
    from collections.abc import Mapping


class KeysPanel(Section):
    """A list of the keys of commands, and where to change them.

    Parameters
    ----------
    keys
        What each does, by the key.
    """

    def __init__(self, keys: Mapping[str, str]) -> None:
        super().__init__("Keys", is_open=False)
        grid = QGridLayout()
        grid.setContentsMargins(NEAR, 0, 0, 0)
        grid.setHorizontalSpacing(2 * NEAR)
        grid.setVerticalSpacing(1)
        grid.setColumnStretch(1, 1)
        for i, (key, does) in enumerate(keys.items()):
            name = QLabel(key)
            name.setStyleSheet("font-weight: bold;")
            name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
            grid.addWidget(name, i, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(text(does), i, 1)
        self.rows.addLayout(grid)
        self.rows.addWidget(text("Other keys: Preferences > napari-sam.", faint=True))
