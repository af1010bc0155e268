"""Shared by all tests: a model without weights, under a name, and a quiet napari."""

import os
import shutil
import sys
from functools import partial
from importlib.metadata import EntryPoint, EntryPoints
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

from napari_sam.core import registry

# A busy machine is no failure: time is measured in benchmarks/.
settings.register_profile(
    "ours", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ours")

# napari reads these when it is imported: one Qt binding for all, drawing without a
# graphics card, and settings that are not the person's own.
NAPARI_HOME = TemporaryDirectory()
os.environ.setdefault("QT_API", "pyside6")
os.environ.setdefault("PYTEST_QT_API", os.environ["QT_API"])
os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
os.environ["NAPARI_CONFIG"] = f"{NAPARI_HOME.name}/settings.yaml"
WINDOWS = {"make_napari_viewer", "qapp", "qtbot"}


def pytest_runtest_setup(item):
    """Say what is missing: without a screen Qt ends the whole run without a word."""
    if sys.platform != "linux" or not WINDOWS.intersection(item.fixturenames):
        return
    if not os.environ.get("DISPLAY") and shutil.which("Xvfb") is None:
        pytest.fail(
            "This test opens a window. Install Xvfb (Debian: apt-get install xvfb)"
        )


@pytest.fixture(autouse=True)
def _home_and_no_network(tmp_path, monkeypatch):
    """Keep a test from the person's own checkpoints, and from downloading any."""
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path / "napari-sam"))
    monkeypatch.setenv("NAPARI_SAM_OFFLINE", "1")
    monkeypatch.delenv("NAPARI_SAM_MIRROR", raising=False)


@pytest.fixture
def threshold_model(monkeypatch):
    """Offer `ThresholdBackend` as the models "threshold" and "pocket"."""
    value = "napari_sam.testing.threshold_backend:open_threshold"
    names = ("pocket", "threshold")
    entries = EntryPoints(EntryPoint(n, value, registry.BACKENDS) for n in names)
    monkeypatch.setattr(registry, "entry_points", lambda **by: entries.select(**by))
    return "threshold"


@pytest.fixture
def blobs():
    """64 x 64, 8-bit: a square at rows 10-29, columns 20-39, and a small one."""
    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:30, 20:40] = 200
    pixels[50:60, 5:15] = 250
    return pixels


@pytest.fixture
def opened_by_name(monkeypatch):
    """Return a function that downloads and opens a model: see `publishing.py`."""
    from .checkpoints.publishing import opened_by_name

    return partial(opened_by_name, monkeypatch)
