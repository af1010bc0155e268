from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile


@pytest.fixture(autouse=True)
def _workers_find_the_models(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def stack(tmp_path):
    """Six planes of 160 x 160 with a bright square in each quarter."""
    pixels = np.zeros((6, 160, 160), np.uint8)
    for i in range(6):
        for top in (10, 100):
            for left in (10, 100):
                pixels[i, top + i : top + i + 30, left : left + 30 + i] = 200
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, pixels, metadata={"axes": "TYX"})
    return path
