"""All objects are found by several methods, and compared kind by kind."""

import csv

import numpy as np
import pytest
from click.testing import CliRunner
from imageio.v3 import imwrite

from napari_sam.apps.cli import main
from napari_sam.core.progress import drain
from napari_sam.datasets.labelled_images import read_labelled_images
from napari_sam.evaluation.classical_instances import segment_classically
from napari_sam.evaluation.instance_report import (
    classical,
    everything_by,
    instance_table,
    iter_evaluate_instances,
)
from napari_sam.testing import InstanceThresholdBackend


def discs(centres, radius=7, shape=(64, 64)):
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.uint8)
    for k, (row, col) in enumerate(centres, 1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 <= radius**2] = k
    return labels


@pytest.fixture
def data(tmp_path):
    """Two images: of one, a true object is dark."""
    for folder in ("images", "labels"):
        (tmp_path / "discs" / folder).mkdir(parents=True)
    for name, dark in (("a", 0), ("b", 2)):
        labels = discs([(15, 15), (45, 45)])
        shown = np.where((labels > 0) & (labels != dark), 200, 20).astype(np.uint8)
        imwrite(tmp_path / "discs" / "images" / f"{name}.png", shown)
        imwrite(tmp_path / "discs" / "labels" / f"{name}.png", labels)
    return tmp_path / "discs"


def test_methods_are_compared_on_the_same_images(data):
    methods = {
        "model": everything_by(InstanceThresholdBackend()),
        "otsu": classical("otsu"),
    }
    results = drain(iter_evaluate_instances(methods, read_labelled_images(data)))
    assert [(one.method, one.name) for one in results] == [
        ("model", "a"), ("otsu", "a"), ("model", "b"), ("otsu", "b")
    ]  # fmt: skip
    assert results[0].figures == (1, 1, 1, 0)
    assert results[2].figures[0] == results[2].figures[1] == 0.5
    assert results[2].figures[3] == -0.5
    table = instance_table(results)
    assert table.rows[0][:4] == ("discs", "model", "2", "4")
    assert table.rows[0][4].startswith("0.75 ± 0.35")
    assert table.rows[0][7] == "-25% ± 35%"


@pytest.mark.parametrize("name", ["otsu", "log"])
@pytest.mark.parametrize("sign", [1, -1])
def test_classical_methods_split_what_touches(name, sign):
    labels = discs([(20, 18), (20, 30), (45, 45)])
    shown = np.where(labels, 128 + 80 * sign, 128 - 80 * sign).astype(np.uint8)
    found = segment_classically(name, np.repeat(shown[..., None], 3, 2))
    assert found[20, 16] != found[20, 32]
    assert len({found[20, 16], found[20, 32], found[45, 45]} - {0}) == 3
    assert not segment_classically(name, np.zeros((9, 9, 3), np.uint8)).any()


def test_the_command_prints_a_table_and_writes_rows(data, tmp_path, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.apps.cli.evaluate._open",
        lambda names, **_: {name: InstanceThresholdBackend() for name in names},
    )
    given = ["evaluate", "pocket", str(data), "--instances", "--classical"]
    result = CliRunner().invoke(main, [*given, "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].split()[:2] == ["images", "method"]
    assert [line.split()[1] for line in lines[1:4]] == ["pocket", "otsu", "log"]
    rows = list(csv.DictReader((tmp_path / "out" / "instances.csv").open()))
    assert len(rows) == 6
    assert rows[0]["AP50"] == "1.0"
    page = (tmp_path / "out" / "instances.html").read_text()
    kind, image = rows[0]["kind"], rows[0]["image"]
    assert f"Worst images of {kind}</h2>" in page
    assert page.count("<polyline") == 3 * len({row["kind"] for row in rows})
    assert f"<td>{image}</td>" in page
