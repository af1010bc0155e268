"""``napari-sam classify``, as a person types it."""

import csv

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from napari_sam.apps.cli import main


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def files(tmp_path, threshold_model):
    labels = np.zeros((64, 64), np.uint8)
    for k in range(4):
        labels[10 * k : 10 * k + 4, 2:6] = k + 1
        labels[10 * k : 10 * k + 3, 20:50] = k + 5
    tifffile.imwrite(tmp_path / "image.tif", (labels > 0) * np.uint8(200))
    tifffile.imwrite(tmp_path / "labels.tif", labels)
    given = (tmp_path / "image.tif", tmp_path / "labels.tif", "--model", "threshold")
    return ("classify", *given, "-o", tmp_path / "out.csv")


def test_a_table_has_the_class_of_every_object(files, tmp_path):
    result = run(*files, "--class", "square=1,2", "--class", "bar=5")
    assert result.exit_code == 0, result.output
    assert "4 bar, 4 square in" in result.stdout
    rows = list(csv.DictReader((tmp_path / "out.csv").open()))
    assert [row["class"] for row in rows] == ["square"] * 4 + ["bar"] * 4
    assert [row["named"] for row in rows] == list("11001000")
    assert 0.5 < float(rows[3]["class_score"]) < 1
    assert run(*files, "--class", "square=1", "--class", "bar=5").exit_code == 2


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["square=1"], "two classes"),
        (["square"], "expected NAME=NUMBER"),
        (["square=a"], "expected NAME=NUMBER"),
        (["square=1", "bar=1"], "Object 1 is said to be square and bar"),
        (["square=1", "bar=99"], "no objects [99]"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(files, named, said):
    result = run(*files, *(part for one in named for part in ("--class", one)))
    assert result.exit_code == 2
    assert said in result.stderr
