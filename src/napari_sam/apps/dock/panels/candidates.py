"""Candidate masks of a prediction, and the threshold of the chosen one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt
from qtpy.QtGui import QColor, QIcon, QImage, QPixmap
from qtpy.QtWidgets import QLabel, QSlider, QToolButton, QWidget

from napari_sam.annotator.colours import PREVIEW
from napari_sam.apps.dock.panels.widgets import column, row, text
from napari_sam.apps.dock.refresher import Refresher

if TYPE_CHECKING:
    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.command_buttons import CommandButtons
    from napari_sam.core.prediction import Prediction

#: How many there may be, and the side of their pictures.
_MOST, _SIDE = 3, 40
#: Pixels above, between and below picture and words.
_AROUND = 14
#: Around each, so that their places are seen while they are empty.
_FRAME = (
    "QToolButton { border: 1px solid #6a737d; border-radius: 3px; }"
    "QToolButton:checked { border: 2px solid #56b4e9; }"
)
#: Steps of the slider for one logit, and how far it goes to either side.
_STEPS, _FAR = 10, 60


class CandidatesPanel(QWidget):
    """Three candidate masks to choose from, and a slider for the threshold.

    It takes the same room whether there are candidates or not.
    """

    def __init__(self, annotator: Annotator, commands: CommandButtons) -> None:
        super().__init__()
        self._annotator = annotator
        self.title = text(faint=True)
        self.title.setToolTip("Masks to choose from, where a single click is ambiguous")
        self._next = commands.title("candidate")
        self.buttons = [self._choice(i) for i in range(_MOST)]
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(-_FAR, _FAR)
        self.slider.setToolTip(
            "Threshold of the mask: how sure the model must be of a pixel"
        )
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.valueChanged.connect(self._on_slide)
        self.reset = QToolButton()
        self.reset.setText("Reset")
        self.reset.setToolTip("The mask as the model predicted it")
        self.reset.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.reset.clicked.connect(lambda: self.slider.setValue(0))
        less, more = QLabel("Smaller"), QLabel("Larger")
        rows = column(self)
        rows.addWidget(self.title)
        rows.addWidget(row(*self.buttons))
        rows.addWidget(row(less, self.slider, more, self.reset))
        self._refresher = Refresher(
            self, self.show_masks, annotator.events.candidates_changed
        )
        self.show_masks()

    def show_masks(self) -> None:
        """Show the candidate masks there are now."""
        found = self._annotator.candidates.masks
        chosen = self._annotator.candidates.index
        many = len(found) > 1
        self.title.setText(self._next if many else "Candidate masks")
        self.title.setEnabled(many)
        for i, choice in enumerate(self.buttons):
            there = i < len(found)
            choice.setEnabled(there and many)
            choice.setChecked(there and i == chosen)
            choice.setIcon(_picture(found[i]) if there else QIcon())
            choice.setText(f"{found[i].score:.0%}" if there else " ")
        self.slider.setEnabled(bool(found))
        self.reset.setEnabled(bool(found))
        self.slider.blockSignals(True)
        self.slider.setValue(round(-self._annotator.preview.threshold * _STEPS))
        self.slider.blockSignals(False)

    def _choice(self, index: int) -> QToolButton:
        choice = QToolButton()
        choice.setCheckable(True)
        choice.setIconSize(QSize(_SIDE, _SIDE))
        choice.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        words = choice.fontMetrics().height()
        choice.setFixedHeight(_SIDE + words + _AROUND)
        choice.setStyleSheet(_FRAME)
        choice.setSizePolicy(
            choice.sizePolicy().Policy.Ignored, choice.sizePolicy().Policy.Fixed
        )
        choice.setToolTip("Choose this mask; the number is its predicted score (IoU)")
        choice.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        choice.clicked.connect(lambda: self._on_choice(index))
        return choice

    def _on_choice(self, index: int) -> None:
        self._annotator.candidates.choose(index)
        self.show_masks()

    def _on_slide(self, value: int) -> None:
        self._annotator.preview.set_threshold(-value / _STEPS)


def _picture(mask: Prediction) -> QIcon:
    """Draw a mask, small, in the middle of a square of the tile it was found in."""
    square = np.zeros((_SIDE, _SIDE), bool)
    if mask.area:
        small = _shrunk(mask.mask)
        top, left = ((_SIDE - n) // 2 for n in small.shape)
        square[top : top + small.shape[0], left : left + small.shape[1]] = small
    color = QColor(PREVIEW)
    pixels = np.zeros((_SIDE, _SIDE, 4), np.uint8)
    pixels[square] = (color.red(), color.green(), color.blue(), 255)
    image = QImage(pixels.tobytes(), _SIDE, _SIDE, QImage.Format.Format_RGBA8888)
    picture = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Disabled):
        picture.addPixmap(QPixmap.fromImage(image.copy()), mode)
    return picture


def _shrunk(
    mask: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Take every so many pixels, so that the longer side fits."""
    most = _SIDE - 4
    scale = max(*mask.shape, 1) / most
    rows, cols = (
        np.minimum((np.arange(max(1, round(n / scale))) + 0.5) * scale, n - 1).astype(
            int
        )
        for n in mask.shape
    )
    return mask[np.ix_(rows, cols)]
