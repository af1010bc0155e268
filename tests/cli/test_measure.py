"""``napari-sam measure``, as a person types it."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.io import Image
from napari_sam.tracking import Edge, Segment, Tracks


def run(*args):
    return CliRunner().invoke(main, ["measure", *(str(a) for a in args)])


@pytest.fixture
def labels(tmp_path):
    """Two frames: one object grows and moves."""
    movie = np.zeros((2, 30, 30), np.uint16)
    movie[0, 2:6, 2:6] = 3
    movie[1, 2:6, 5:13] = 3
    path = tmp_path / "labels.tif"
    tifffile.imwrite(path, movie, metadata={"axes": "TYX"})
    return path


def test_a_movie_with_its_image_and_all_tables(labels, tmp_path):
    np.save(tmp_path / "image.npy", np.full((2, 30, 30), 7.0))
    out, tracks, spread = (tmp_path / n for n in ("o.csv", "t.parquet", "s.tsv"))
    result = run(
        labels, "--image", tmp_path / "image.npy", "-o", out,
        "--tracks-table", tracks, "--spread-table", spread, "--axes", "tyx",
        "--scale", "t=5,y=0.5,x=0.5", "--unit", "um", "--time-unit", "min",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert f"2 rows in {out}" in result.output
    objects = pd.read_csv(out)
    assert objects["area"].tolist() == [4, 8]
    assert objects["intensity_mean"].tolist() == [7, 7]
    assert objects["speed"][1] == pytest.approx(0.5)
    assert set(objects["length_unit"] + objects["time_unit"]) == {"micrometerminute"}
    growth = pd.read_parquet(tracks)["growth_rate"].tolist()
    assert growth == pytest.approx([np.log(2) / 5])
    squares = pd.read_csv(spread, sep="\t")["mean_squared_displacement"]
    assert squares.tolist() == [6.25]


def test_settings_are_options(labels, tmp_path):
    out = tmp_path / "o.csv"
    assert run(labels, "-o", out, "--no-solidity", "--no-shape").exit_code == 0
    assert not {"solidity", "perimeter"} & set(pd.read_csv(out))
    again = run(labels, "-o", out)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    assert run(labels, "-o", out, "--overwrite").exit_code == 0
    assert "solidity" in pd.read_csv(out)


def test_a_folder_of_labels_and_one_of_images(labels, tmp_path):
    images, masks, out = (tmp_path / n for n in ("images", "masks", "o.csv"))
    images.mkdir()
    masks.mkdir()
    labels.rename(masks / "a.tif")
    np.save(images / "a.npy", np.zeros((2, 30, 30)))
    np.save(masks / "b.npy", np.eye(9, dtype=int))
    np.save(images / "b.npy", np.full((9, 9), 4))
    np.save(masks / "c.npy", np.full((9, 9), 0.5))
    np.save(images / "c.npy", np.zeros((9, 9)))
    result = run(masks, "--image", images, "-o", out)
    assert result.exit_code == 1
    assert "Failed" in result.stderr
    assert "c.npy" in result.stderr
    table = pd.read_csv(out)
    assert table["image"].tolist() == ["a.tif", "a.tif", "b.npy"]
    assert table["intensity_max"].tolist() == [0, 0, 4]
    (images / "b.npy").unlink()
    missing = run(masks, "--image", images, "-o", out, "--overwrite")
    assert missing.exit_code == 2
    assert "no image for b.npy" in missing.stderr


def test_a_folder_of_the_cell_tracking_challenge_is_a_movie(labels, tmp_path):
    movie = np.zeros((2, 20, 20), np.uint16)
    movie[0, 5:9, 5:13] = 1
    movie[1, 5:9, 5:8], movie[1, 5:9, 10:13] = 2, 3
    folder, out = tmp_path / "01_RES", tmp_path / "o.csv"
    folder.mkdir()
    for t, plane in enumerate(movie):
        tifffile.imwrite(folder / f"mask{t:03}.tif", plane)
    lineage = folder / "res_track.txt"
    lineage.write_text("1 0 0 0\n2 1 1 1\n3 1 1 1\n")
    tracks = tmp_path / "t.csv"
    assert run(folder, "-o", out, "--tracks-table", tracks).exit_code == 0
    assert pd.read_csv(out)["frame"].tolist() == [0, 1, 1]
    table = pd.read_csv(tracks).set_index("object")
    assert table["parent"].to_dict() == {1: 0, 2: 1, 3: 1}
    assert table["daughters"][1] == 2
    assert table["division_time"][1] == 1
    lineage.write_text("1 0 0\n")
    broken = run(folder, "-o", out, "--overwrite")
    assert broken.exit_code == 2
    assert "no row of label" in broken.stderr


@pytest.mark.parametrize("name", ["t.zarr", "t.xml"])
def test_files_of_tracks_are_measured_with_lineage_and_confidence(tmp_path, name):
    movie = np.zeros((3, 20, 20), np.uint16)
    movie[0, 5:9, 5:13] = 1
    movie[1:, 5:9, 5:8], movie[1:, 5:9, 10:13] = 2, 3
    segments = [Segment(1, [0]), Segment(2, [1, 2], confidences=[1, 0.25])]
    segments.append(Segment(3, [1, 2]))
    tracks = Tracks(movie, segments, [Edge(1, 2), Edge(1, 3)])
    pixels = {"data": movie, "axes": "tyx", "scale": {"t": 60, "y": 0.5, "x": 0.5}}
    units = {"t": "second", "y": "micrometer", "x": "micrometer"}
    tracks.save(tmp_path / name, like=Image(**pixels, units=units))
    out, family = tmp_path / "o.csv", tmp_path / "f.csv"
    done = run(tmp_path / name, "-o", out, "--tracks-table", family)
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out).set_index(["object", "frame"])
    assert table["confidence"].to_dict() == {
        (1, 0): 1, (2, 1): 1, (3, 1): 1, (2, 2): 0.25, (3, 2): 1
    }  # fmt: skip
    assert table["area"][1, 0] == 32 * 0.25
    assert set(table["length_unit"]) == {"micrometer"}
    assert table["time"][2, 2] == 120
    assert pd.read_csv(family)["parent"].tolist() == [0, 1, 1]


@pytest.mark.parametrize("name", ["table.xlsx", "missing/table.csv"])
def test_a_table_that_cannot_be_written_is_refused_before_the_work(
    labels, tmp_path, name
):
    result = run(labels, "-o", tmp_path / name)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert "measuring" not in result.stderr


def test_two_tables_need_two_files(labels, tmp_path):
    out = tmp_path / "o.csv"
    result = run(labels, "-o", out, "--tracks-table", out)
    assert result.exit_code == 2
    assert "its own file" in result.stderr
