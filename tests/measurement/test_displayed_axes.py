"""A plot is the picture of a cell that ends with it."""

import numpy as np
import pandas as pd
import pytest

import napari_sam as sam
from napari_sam.io import read_image

pytest.importorskip("matplotlib")
pytest.importorskip("IPython")


def test_a_plot_is_shown_by_a_notebook_that_was_told_nothing(tmp_path):
    from IPython.core.formatters import DisplayFormatter

    table = pd.DataFrame({"object": [1, 1], "time": [0, 1], "area": [10.0, 14.0]})
    data, _ = DisplayFormatter().format(sam.plot_measurements(table))
    (tmp_path / "plot.png").write_bytes(data["image/png"])
    pixels = np.asarray(read_image(tmp_path / "plot.png").data)
    assert min(pixels.shape[:2]) >= 400
    assert pixels.std() > 1, "something is drawn"


def test_axes_of_the_person_stay_theirs():
    from matplotlib.figure import Figure

    table = pd.DataFrame({"object": [1, 1], "time": [0, 1], "area": [10.0, 14.0]})
    own = Figure().subplots()
    assert sam.plot_measurements(table, axes=own) is own
