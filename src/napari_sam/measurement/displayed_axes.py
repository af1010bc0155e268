"""Axes of matplotlib that a notebook shows without being told how."""

from __future__ import annotations

from io import BytesIO

from matplotlib.axes import Axes

#: Dots of the picture for each inch of the figure.
_DPI = 100


class DisplayedAxes(Axes):
    """Axes whose figure is the picture of a cell that ends with them."""

    def _repr_png_(self) -> bytes:
        picture = BytesIO()
        self.figure.canvas.print_figure(picture, format="png", dpi=_DPI)
        return picture.getvalue()
