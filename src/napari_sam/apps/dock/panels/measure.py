"""Measure: a table of all objects, saved, and plotted with what is selected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.apps.dock.panels.settings_form import SettingsForm
from napari_sam.apps.dock.panels.widgets import Section, button, choice, named, text
from napari_sam.measurement import MeasureSettings
from napari_sam.measurement.plotting import numeric_columns
from napari_sam.measurement.table_file import TABLE_FORMATS

if TYPE_CHECKING:
    import pandas as pd
    from qtpy.QtWidgets import QComboBox

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.apps.dock.panels.dialogs import Dialogs
    from napari_sam.apps.dock.panels.measurement_plot import MeasurementPlot
    from napari_sam.session import AnnotationSession

_NO_PLOTS = "Plots need matplotlib: pip install matplotlib"


class MeasurePanel(Section):
    """Settings, a button that measures all objects, and what becomes of the table."""

    def __init__(self, annotator: Annotator, dialogs: Dialogs) -> None:
        super().__init__("Measure", is_open=False)
        self._annotator, self._dialogs = annotator, dialogs
        self._folder = Path.home()
        self.form = SettingsForm(MeasureSettings())
        self.run = button("Measure", "Measure all objects on all frames", self._run)
        self.save = button(
            "Save table …", "As CSV, Parquet or TSV, a row per object and frame",
            self.save_table,
        )  # fmt: skip
        self.save_tracks = button(
            "Save tracks …", "A row per object of a movie: lifetime, speed, growth",
            self._save_tracks,
        )  # fmt: skip
        self.state = text(faint=True)
        self.plotted = choice("What is plotted")
        self.against = choice("What it is plotted against")
        self._plot: MeasurementPlot | None = None
        self._title_of_y = named("Plot", self.plotted)
        self._lay_out()
        for one in (self.plotted, self.against):
            one.activated.connect(lambda _: self._draw())
        events = annotator.events
        events.image_opened.connect(self._on_opened)
        events.measurements_changed.connect(self._on_measured)
        events.measured_object_changed.connect(self._on_selected)
        self._on_opened(annotator.session)

    @property
    def plot(self) -> MeasurementPlot | None:
        """The plot, once there is something to draw and matplotlib is there."""
        return self._plot

    def save_table(self, *, tracks: bool = False) -> bool:
        """Ask where to save the table, and write it; False if cancelled."""
        name = "tracks.csv" if tracks else "objects.csv"
        path = self._dialogs.path_to_save(self._folder / name, TABLE_FORMATS)
        if path is None:
            return False
        self._folder = path.parent
        self._annotator.measurements.save(path, tracks=tracks)
        return True

    def _save_tracks(self) -> None:
        self.save_table(tracks=True)

    def _run(self) -> None:
        self._annotator.measurements.measure(self.form.settings)

    def _lay_out(self) -> None:
        self.add(self.form.widget)
        self.add(self.run)
        self.add(self.save, self.save_tracks)
        self.add(self.state)
        self.add(self._title_of_y)
        self._title_of_x = named("against", self.against)
        self.add(self._title_of_x)

    def _on_opened(self, session: AnnotationSession | None) -> None:
        self.run.setEnabled(session is not None)
        self._on_measured()

    def _on_measured(self) -> None:
        table = self._annotator.measurements.table
        self.save.setEnabled(table is not None)
        self.save_tracks.setEnabled(table is not None and "step" in table)
        for one in (self._title_of_y, self._title_of_x):
            one.setVisible(table is not None)
        self.state.setText("Nothing was measured yet.")
        if table is not None:
            self._describe(table)
        self._draw()

    def _describe(self, table: pd.DataFrame) -> None:
        """Say how large a table is, and offer its columns."""
        words = f"{len(table)} rows, {table['object'].nunique()} objects."
        if self._annotator.measurements.outdated:
            words += " Labels changed since: measure again."
        self.state.setText(words)
        names = numeric_columns(table)
        self._offer(self.plotted, names, "volume", "area")
        self._offer(self.against, names, "time" if "step" in table else "x")

    def _offer(self, where: QComboBox, names: list[str], *first: str) -> None:
        """List columns to choose from; what was chosen stays, if it is there."""
        if names == [where.itemText(i) for i in range(where.count())]:
            return
        before = where.currentText()
        where.clear()
        where.addItems(names)
        wanted = next((n for n in (before, *first) if n in names), names[0])
        where.setCurrentText(wanted)

    def _draw(self) -> None:
        table = self._annotator.measurements.table
        if table is not None and self._plot is None:
            self._make_plot()
        if self._plot is not None:
            self._plot.setVisible(table is not None)
            y, x = self.plotted.currentText(), self.against.currentText()
            self._plot.show_table(table, y, x)
            self._plot.show_selected(self._annotator.measurements.selected)

    def _make_plot(self) -> None:
        """Make the plot when it is needed: matplotlib takes a moment to load."""
        try:
            from napari_sam.apps.dock.panels.measurement_plot import MeasurementPlot
        except ImportError:
            self.state.setText(f"{self.state.text()} {_NO_PLOTS}")
            return
        self._plot = MeasurementPlot()
        self._plot.picked.connect(self._on_picked)
        self.add(self._plot)

    def _on_picked(self, row: int) -> None:
        table = self._annotator.measurements.table
        if table is not None:
            self._annotator.measurements.select(int(table["object"].iloc[row]), row)

    def _on_selected(self, object_id: int | None) -> None:
        if self._plot is not None:
            self._plot.show_selected(object_id)
