"""The page about measuring: its blocks run, and it names every column there is."""

import re
from pathlib import Path

import numpy as np

import napari_sam as sam

PAGE = (Path(__file__).parents[2] / "docs" / "measure.md").read_text()


def test_every_block_runs_in_order(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(blocks) >= 3
    for block in blocks:
        exec(compile(block, "measure.md", "exec"), namespace)


def test_every_column_is_explained():
    labels = np.zeros((2, 3, 9, 9), int)
    labels[:, :2, 2:5, 2:5] = 1
    tables = [
        sam.measure(labels, labels, axes="tzyx"),
        sam.measure(labels[:, 0], labels[:, 0], axes="tyx"),
    ]
    tables += [sam.measure_tracks(t) for t in tables]
    tables += [sam.mean_squared_displacement(t) for t in tables[:2]]
    named = set(re.findall("`([a-z_]+)`", PAGE))
    named |= {f"intensity{n}" for n in named if n.startswith("_")}
    for table in tables:
        assert set(table) <= named
