"""A button that trains a model on what was accepted and corrected in a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtWidgets import QWidget

from napari_sam.apps.dock.panels.widgets import button, column, text

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.review_improvement import ReviewImprovement

_IMPROVE = "Improve with my corrections"


class ImprovePanel(QWidget):
    """A button that trains a model beside the window; the same button stops it.

    Parameters
    ----------
    improvement
        Trains it.
    run
        Called at the button.
    """

    def __init__(
        self, improvement: ReviewImprovement, run: Callable[[], object]
    ) -> None:
        super().__init__()
        self.improvement = improvement
        self.run = button(
            _IMPROVE,
            "Train the model on what you accepted or corrected, in the background; the "
            "new one can be chosen if it is better on those held back",
            run,
        )
        self.said = text(faint=True)
        rows = column(self)
        rows.addWidget(self.run)
        rows.addWidget(self.said)
        improvement.changed.connect(self._refresh)

    def _refresh(self) -> None:
        self.run.setText("Stop" if self.improvement.is_running else _IMPROVE)
        self.said.setText(self.improvement.words)
