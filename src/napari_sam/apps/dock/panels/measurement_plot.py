"""A plot of measurements in which objects are selected by a click."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.backends.backend_qtagg import FigureCanvasQTAgg
from matplotlib.figure import Figure
from psygnal import Signal
from qtpy.QtWidgets import QVBoxLayout, QWidget

from napari_sam.measurement.plotting import plot_measurements, points_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.backend_bases import Event
    from matplotlib.lines import Line2D
    from numpy.typing import NDArray

#: Pixels of the screen within which a click is on a point.
_REACH = 12.0
#: Pixels of the screen from top to bottom of the plot.
_HEIGHT = 230
#: Colour of the plot's words and lines, in napari's dark theme and in its light one.
_INK = "#9a9a9a"
_CHOSEN = "#ffb000"


class MeasurementPlot(QWidget):
    """Draws a column of a table against another; a click on a point selects its row.

    Attributes
    ----------
    picked
        Emitted with the row of the table that was clicked.
    """

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.figure = Figure(layout="constrained")
        self.figure.patch.set_alpha(0)
        self.canvas = FigureCanvasQTAgg(self.figure)
        self.canvas.setStyleSheet("background: transparent;")
        self.canvas.setFixedHeight(_HEIGHT)
        self.axes = self.figure.subplots()
        self._points: NDArray[np.float64] = np.zeros((0, 2))
        self._objects: NDArray[np.integer] = np.zeros(0, int)
        self._chosen: Line2D | None = None
        outside = QVBoxLayout(self)
        outside.setContentsMargins(0, 0, 0, 0)
        outside.addWidget(self.canvas)
        self.canvas.mpl_connect("button_press_event", self._on_press)

    def show_table(self, table: pd.DataFrame | None, y: str, x: str) -> None:
        """Draw two columns of a table; nothing without one."""
        self.axes.clear()
        self._chosen = None
        self._points, self._objects = np.zeros((0, 2)), np.zeros(0, int)
        if table is not None and len(table):
            plot_measurements(table, y, x, axes=self.axes)
            self._points = points_of(table, y, x)
            self._objects = table["object"].to_numpy()
        self._colour()
        self.canvas.draw_idle()

    def show_selected(self, object_id: int | None) -> None:
        """Draw the points of an object over the others, or of none."""
        if self._chosen is not None:
            self._chosen.remove()
            self._chosen = None
        own = self._points[self._objects == object_id]
        if object_id is not None and len(own):
            own = own[np.argsort(own[:, 0], kind="stable")]
            (self._chosen,) = self.axes.plot(
                *own.T, "o", color=_CHOSEN, markersize=5, zorder=9
            )
        self.canvas.draw_idle()

    def row_at(self, x: float, y: float) -> int | None:
        """Return the row whose point is near a place of the canvas, in its pixels."""
        places = self.axes.transData.transform(self._points)
        distances = np.linalg.norm(places - (x, y), axis=1)
        if not np.isfinite(distances).any():
            return None
        nearest = int(np.nanargmin(distances))
        return nearest if distances[nearest] <= _REACH else None

    def _colour(self) -> None:
        self.axes.set_facecolor("none")
        self.axes.tick_params(colors=_INK, labelsize=7)
        for label in (self.axes.xaxis.label, self.axes.yaxis.label):
            label.set_color(_INK)
            label.set_fontsize(8)
        for spine in self.axes.spines.values():
            spine.set_color(_INK)

    def _on_press(self, event: Event) -> None:
        row = self.row_at(event.x, event.y)  # type: ignore[attr-defined]
        if row is not None:
            self.picked.emit(row)
