"""A JupyterLab and a browser, one of each for all tests that need them."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory):
    """Return a function that opens a notebook of some cells in a new page."""
    import _jupyter

    folder = tmp_path_factory.mktemp("jupyter")
    home = {"NAPARI_SAM_HOME": str(folder / "home"), "NAPARI_SAM_OFFLINE": "1"}
    with _jupyter.lab(folder / "lab", home) as server, _jupyter.browser() as context:

        def open_notebook(name, *cells):
            page = context.new_page()
            page.set_default_timeout(_jupyter.PATIENCE)
            notebook = _jupyter.Notebook(page, server.write(name, *cells))
            notebook.path = server.root / f"{name}.ipynb"
            notebook.errors = []
            page.on("pageerror", lambda error: notebook.errors.append(str(error)))
            return notebook

        yield open_notebook
