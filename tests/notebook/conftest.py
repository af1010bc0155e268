"""A JupyterLab and a browser, one of each for all tests that need them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.testing import InstanceThresholdBackend

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def browser_context():
    """Open a browser, the same for all tests."""
    import _jupyter

    with _jupyter.browser() as context:
        yield context


@pytest.fixture(scope="session")
def jupyter_server(tmp_path_factory):
    """Run a JupyterLab, the same for all tests."""
    import _jupyter

    folder = tmp_path_factory.mktemp("jupyter")
    home = folder / "home"
    settings = {"NAPARI_SAM_HOME": str(home), "NAPARI_SAM_OFFLINE": "1"}
    with _jupyter.lab(folder / "lab", settings) as server:
        server.home = home
        yield server


@pytest.fixture(scope="session")
def jupyter(jupyter_server, browser_context):
    """Return a function that opens a notebook of some cells in a new page."""
    import _jupyter

    def open_notebook(name, *cells):
        page = browser_context.new_page()
        page.set_default_timeout(_jupyter.PATIENCE)
        notebook = _jupyter.Notebook(page, jupyter_server.write(name, *cells))
        notebook.path = jupyter_server.root / f"{name}.ipynb"
        notebook.errors = []
        page.on("pageerror", lambda error: notebook.errors.append(str(error)))
        return notebook

    return open_notebook


@pytest.fixture
def labelled_folder(tmp_path):
    """Label an image of six squares, none of which has a class."""
    pixels = np.zeros((64, 64), np.uint8)
    for k in range(6):
        pixels[4 + 20 * (k // 3) : 12 + 20 * (k // 3), 4 + 20 * (k % 3) :][:, :8] = 200
    (tmp_path / "images").mkdir()
    tifffile.imwrite(tmp_path / "images" / "a.tif", pixels)
    sam.label(tmp_path / "images", tmp_path / "out", model=InstanceThresholdBackend())
    return tmp_path / "out"
