"""Objects of a session are measured, selected and saved, without a window."""

import numpy as np
import pandas as pd
import pytest

from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.core.address import Address
from napari_sam.core.mask import Mask
from napari_sam.measurement import MeasureSettings
from napari_sam.testing import ThresholdBackend


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return ThresholdBackend()


@pytest.fixture
def annotator(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told, made.changes, made.chosen = [], [], []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.events.measurements_changed.connect(lambda: made.changes.append(1))
    made.events.measured_object_changed.connect(made.chosen.append)
    yield made
    made.close()


def open_movie(annotator, axes="tyx"):
    pixels = np.zeros((3, 40, 40) if axes == "tyx" else (2, 3, 40, 40), np.uint8)
    pixels[...] = np.arange(3).reshape(3, 1, 1) * 10
    annotator.open(OpenImage.of(ScriptedSource(pixels, axes=axes)))
    square = np.ones((4, 4), bool)
    frames = range(3) if axes == "tyx" else range(6)
    annotator.session.add_masks(
        {Address(f, 1): Mask.from_array(square, top=5, left=5 + 2 * f) for f in frames}
    )
    annotator.changes.clear()
    return annotator.measurements


def test_labels_of_the_session_are_measured(annotator):
    measurements = open_movie(annotator)
    measurements.measure()
    table = measurements.table
    assert table["object"].tolist() == [1, 1, 1]
    assert table["step"].tolist()[1:] == [2, 2]
    assert table["intensity_mean"].tolist() == [0, 10, 20]
    assert annotator.told[-1] == ("info", "1 object measured, 3 rows.")
    assert len(annotator.changes) == 1
    assert measurements.on_frame(1)["col"].to_dict() == {1: 8.5}


def test_volumes_are_shown_in_the_plane_of_their_middle(annotator):
    measurements = open_movie(annotator, "tzyx")
    measurements.measure()
    assert measurements.table["volume"].tolist() == [48, 48]
    assert measurements.on_frame(4)["frame"].tolist() == [1]
    measurements.select(1, row=1)
    assert annotator.view.visited == [Address(4, 1)]
    measurements.measure(MeasureSettings(by_plane=True))
    assert measurements.on_frame(4)["frame"].tolist() == [4]


def test_selecting_goes_there_and_tells_it_once(annotator):
    measurements = open_movie(annotator)
    measurements.measure()
    measurements.select(1, row=2)
    measurements.select(1)
    assert annotator.chosen == [1]
    assert annotator.view.visited == [Address(2, 1)]
    measurements.select(None)
    assert annotator.chosen == [1, None]


def test_a_change_of_labels_puts_the_table_out_of_date(annotator):
    measurements = open_movie(annotator)
    measurements.measure()
    assert not measurements.outdated
    annotator.editing.delete([1])
    assert measurements.outdated
    assert len(annotator.changes) == 2
    measurements.measure()
    assert not measurements.outdated
    assert len(measurements.table) == 0


def test_tables_are_saved_and_replaced(annotator, tmp_path):
    measurements = open_movie(annotator)
    path = tmp_path / "objects.csv"
    measurements.save(path)
    assert annotator.told[-1][0] == "error"
    assert "measure first" in annotator.told[-1][1]
    measurements.measure()
    path.write_text("older")
    measurements.save(path)
    assert annotator.told[-1] == ("info", "Wrote objects.csv.")
    assert pd.read_csv(path)["area"].tolist() == [16, 16, 16]
    measurements.save(path, tracks=True)
    assert pd.read_csv(path)["path_length"].tolist() == [4]
    measurements.save(tmp_path / "missing" / "objects.csv")
    assert annotator.told[-1][0] == "error"


def test_leaving_an_image_forgets_its_table(annotator):
    measurements = open_movie(annotator)
    measurements.measure()
    measurements.select(1)
    annotator.leave()
    assert measurements.table is measurements.selected is None
    assert measurements.on_frame(0) is None
