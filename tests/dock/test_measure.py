"""Objects are measured in the dock: features, plot and selection, by real events."""

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_sam.apps.dock.widget import SegmentWidget
from napari_sam.core.address import Address
from napari_sam.core.mask import Mask

from .buttons import press


@pytest.fixture
def opened(make_napari_viewer, until, threshold_model):
    """The widget on a movie of two objects, one of which grows."""
    viewer = make_napari_viewer(show=True)
    viewer.add_image(
        np.zeros((4, 64, 64), np.uint8),
        name="movie",
        scale=(1, 0.5, 0.5),
        units=("pixel", "micrometer", "micrometer"),
        axis_labels=("t", "y", "x"),
    )
    widget = SegmentWidget(viewer)
    viewer.window.add_dock_widget(widget, name="Segment Anything")
    until(lambda: widget.controller.annotator.has_model)
    masks = {}
    for t in range(4):
        grown = np.ones((4 + 2 * t, 6), bool)
        masks[Address(t, 1)] = Mask.from_array(grown, top=5, left=5)
        masks[Address(t, 2)] = Mask.from_array(np.ones((8, 8), bool), top=40, left=40)
    widget.controller.annotator.session.add_masks(masks)
    widget.measure.title.setChecked(True)
    return widget


def measured(widget, until):
    press(widget.measure.run)
    measurements = widget.controller.annotator.measurements
    until(lambda: measurements.table is not None and not measurements.outdated)
    until(lambda: widget.measure.plot is not None)
    return measurements


def features(widget):
    return widget.controller.binding.labels.features.set_index("index")


def click(plot, row):
    """Press on a point of the plot, where Qt has it."""
    plot.canvas.draw()
    x, y = plot.axes.transData.transform(plot._points[row])
    ratio = plot.canvas.device_pixel_ratio
    place = QPoint(round(x / ratio), round(plot.canvas.height() - y / ratio))
    QTest.mouseClick(plot.canvas, Qt.MouseButton.LeftButton, pos=place)


def test_measurements_are_features_of_the_frame_in_view(opened, until):
    assert not opened.measure.save.isEnabled()
    measured(opened, until)
    assert opened.measure.state.text() == "8 rows, 2 objects."
    viewer = opened.viewer
    for frame, grown in ((2, 12), (0, 6)):
        viewer.dims.set_current_step(0, frame)
        areas = features(opened)["area"].dropna().to_dict()
        assert areas == {1: grown, 2: 16}
    assert {"name", "status", "perimeter", "speed"} <= set(features(opened))


def test_a_click_on_a_point_selects_its_object_and_goes_there(opened, until):
    measurements = measured(opened, until)
    plot = opened.measure.plot
    assert opened.measure.plotted.currentText() == "area"
    assert opened.measure.against.currentText() == "time"
    table = measurements.table
    row = int(np.flatnonzero((table["object"] == 2) & (table["frame"] == 3))[0])
    click(plot, row)
    assert measurements.selected == 2
    assert opened.controller.binding.labels.selected_label == 2
    assert opened.viewer.dims.current_step[0] == 3
    assert set(features(opened)["frame"].dropna()) == {3}
    assert plot._chosen is not None
    np.testing.assert_array_equal(plot._chosen.get_ydata(), [16] * 4)


def test_a_label_selected_in_the_layer_is_shown_in_the_plot(opened, until):
    measured(opened, until)
    plot, labels = opened.measure.plot, opened.controller.binding.labels
    labels.selected_label = 1
    np.testing.assert_array_equal(plot._chosen.get_ydata(), [6, 9, 12, 15])
    labels.selected_label = 77
    assert plot._chosen is None


def test_the_table_of_napari_is_linked_both_ways(opened, until, qtbot):
    tables = pytest.importorskip("napari_builtins._qt.features_table")
    measurements = measured(opened, until)
    labels = opened.controller.binding.labels
    opened.viewer.layers.selection = {labels}
    widget = tables.FeaturesTable(opened.viewer)
    qtbot.addWidget(widget)
    widget.show()
    model = widget.table.model()
    place = widget.table.visualRect(model.index(2, 0)).center()
    QTest.mouseClick(widget.table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert labels.selected_label == measurements.selected == 2
    np.testing.assert_array_equal(opened.measure.plot._chosen.get_ydata(), [16] * 4)
    first = int(np.flatnonzero(measurements.table["object"] == 1)[0])
    click(opened.measure.plot, first)
    rows = {index.row() for index in widget.table.selectedIndexes()}
    assert rows == {1}


def test_another_column_is_plotted(opened, until):
    measurements = measured(opened, until)
    panel = opened.measure
    panel.plotted.setCurrentText("perimeter")
    panel.plotted.activated.emit(panel.plotted.currentIndex())
    panel.against.setCurrentText("area")
    panel.against.activated.emit(panel.against.currentIndex())
    assert panel.plot.axes.get_xlabel() == "area [micrometer^2]"
    points = measurements.table[["area", "perimeter"]].to_numpy()
    np.testing.assert_array_equal(panel.plot._points, points)
    assert panel.plot.row_at(-50, -50) is None


def test_tables_are_saved(opened, until, tmp_path):
    measured(opened, until)
    opened.dialogs.path_to_save = lambda start, _: tmp_path / start.name
    press(opened.measure.save)
    until(lambda: (tmp_path / "objects.csv").exists())
    assert len(pd.read_csv(tmp_path / "objects.csv")) == 8
    press(opened.measure.save_tracks)
    until(lambda: (tmp_path / "tracks.csv").exists())
    opened.dialogs.path_to_save = lambda start, _: None
    assert not opened.measure.save_table()


def test_labels_that_changed_are_told(opened, until):
    measurements = measured(opened, until)
    opened.controller.annotator.editing.delete([2])
    assert measurements.outdated
    assert "measure again" in opened.measure.state.text()
    measured(opened, until)
    until(lambda: opened.measure.state.text() == "4 rows, 1 objects.")


def test_without_matplotlib_there_is_a_table_all_the_same(opened, until, monkeypatch):
    import sys

    monkeypatch.setitem(
        sys.modules, "napari_sam.apps.dock.panels.measurement_plot", None
    )
    press(opened.measure.run)
    measurements = opened.controller.annotator.measurements
    until(lambda: measurements.table is not None)
    assert "pip install matplotlib" in opened.measure.state.text()
    assert opened.measure.plot is None
