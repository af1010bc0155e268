"""Importing the package is free: the heavy libraries come when they are used."""

import subprocess
import sys

import pytest

HEAVY = ["torch", "zarr", "napari", "qtpy", "dask", "transformers", "pandas"]
HEAVY += ["skimage", "scipy", "tifffile", "imageio", "PIL", "click"]


@pytest.mark.parametrize("module", ["napari_sam", "napari_sam.core"])
def test_importing_loads_no_heavy_library(module):
    code = f"import sys, {module}; print(*({set(HEAVY)!r} & set(sys.modules)))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split() == []


def test_asking_for_help_loads_no_torch():
    code = (
        "import sys; from napari_sam.apps.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "sys.stderr.write(' '.join({'torch', 'zarr', 'skimage'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stderr.split() == []
    assert "Usage" in result.stdout
