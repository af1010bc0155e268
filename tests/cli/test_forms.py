"""What goes in and what comes out of `napari-sam segment`, by the names of files."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.io import read_image, write_labels

pytestmark = pytest.mark.usefixtures("threshold_model")


def run(*args):
    return CliRunner().invoke(main, ["segment", *(str(a) for a in args)])


def failure(*args):
    result = run(*args)
    assert result.exit_code == 2, result.output
    (line,) = result.stderr.splitlines()
    return line


@pytest.fixture
def picture(tmp_path, blobs):
    write_labels(tmp_path / "picture.tif", blobs)
    return tmp_path / "picture.tif"


@pytest.mark.parametrize("name", ["a.tif", "a.ome.tif", "a.zarr", "a.png"])
def test_labels_come_back_from_every_form(picture, tmp_path, name):
    sizes = ("--scale", "y=0.5,x=0.25", "--unit", "micrometer")
    result = run(picture, "--point", "15,25", "-o", tmp_path / name, *sizes)
    assert result.exit_code == 0, result.output
    found = read_image(tmp_path / name)
    assert (np.asarray(found.data) > 0).sum() == 400
    if name != "a.png":
        assert found.scale == {"y": 0.5, "x": 0.25}
        assert found.units == {"y": "micrometer", "x": "micrometer"}


def test_polygons_and_coco(picture, tmp_path):
    for name in ("a.geojson", "a.json"):
        assert run(picture, "--point", "15,25", "-o", tmp_path / name).exit_code == 0
    (one,) = json.loads((tmp_path / "a.geojson").read_text())["features"]
    assert sorted(one["geometry"]["coordinates"][0][1:]) == [
        [20, 10],
        [20, 30],
        [40, 10],
        [40, 30],
    ]
    (one,) = json.loads((tmp_path / "a.json").read_text())["annotations"]
    assert (one["area"], one["bbox"]) == (400, [20, 10, 20, 20])


def test_what_is_there_is_replaced_only_when_told(picture, tmp_path):
    out = tmp_path / "a.tif"
    assert run(picture, "--point", "15,25", "-o", out).exit_code == 0
    before = out.read_bytes()
    assert "--overwrite" in failure(picture, "--point", "55,9", "-o", out)
    assert out.read_bytes() == before
    assert run(picture, "--point", "55,9", "-o", out, "--overwrite").exit_code == 0
    assert out.read_bytes() != before


@pytest.mark.parametrize("form", ["box", "point", "mask"])
def test_every_object_of_labels_is_a_prompt(picture, tmp_path, blobs, form):
    write_labels(tmp_path / "draft.tif", (blobs > 0) * 3 + (blobs == 250) * 2)
    out = tmp_path / "out.tif"
    result = run(
        picture, "--from-labels", tmp_path / "draft.tif", "--as", form, "-o", out
    )
    assert result.exit_code == 0, result.output
    assert np.unique(np.asarray(read_image(out).data)).tolist() == [0, 3, 5]


def test_labels_of_another_image_are_refused(picture, tmp_path):
    write_labels(tmp_path / "draft.tif", np.eye(5, dtype=int))
    line = failure(picture, "--from-labels", tmp_path / "draft.tif")
    assert "does not lie on the image" in line


def test_points_of_geojson_are_prompts_and_strays_are_counted(picture, tmp_path):
    features = [
        {"properties": {}, "geometry": {"type": "Point", "coordinates": [25.5, 15.5]}},
        {"properties": {}, "geometry": {"type": "Point", "coordinates": [900, 15]}},
    ]
    (tmp_path / "p.geojson").write_text(json.dumps({"features": features}))
    result = run(
        picture, "--prompts", tmp_path / "p.geojson", "-o", tmp_path / "out.tif"
    )
    assert result.exit_code == 0, result.output
    assert "left out: 1 of its features" in result.stderr
    assert (np.asarray(read_image(tmp_path / "out.tif").data) == 1).sum() == 400


def test_an_index_limits_and_gamma_reach_the_model(tmp_path, blobs, monkeypatch):
    import tifffile

    seen = []
    from napari_sam.image import PromptableImage

    made = PromptableImage.__init__

    def noted(self, *args, **kwargs):
        seen.append(kwargs["appearance"])
        made(self, *args, **kwargs)

    monkeypatch.setattr(PromptableImage, "__init__", noted)
    path = tmp_path / "bands.tif"
    bands = np.stack([blobs, blobs // 2 + 1, blobs])
    tifffile.imwrite(path, bands, imagej=True, metadata={"axes": "CYX"})
    say = ("--axes", "cyx", "--point", "15,25")
    for options in (
        ("--index", "2/1", "--limits", "0,0.4"),
        ("--channels", "2,0", "--limits", "0,100,5,50", "--gamma", "0.5"),
        ("--channels", "1", "--percentiles", "0,100"),
    ):
        result = run(path, *say, *options)
        assert result.exit_code == 0, result.output
    assert (seen[0].index, seen[0].limits) == ((2, 1), ((0.0, 0.4),))
    assert seen[1].limits == ((0, 100), (5, 50))
    assert (seen[1].channels, seen[1].gamma) == ((2, 0), 0.5)
    assert seen[2].limits == ((1.0, 126.0),)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        (["--index", "4"], "--index 4: expected e.g. 4/3"),
        (["--index", "a/b"], "There is no one channel called 'a'"),
        (["--limits", "1"], "--limits 1: expected LOW,HIGH"),
        (["--percentiles", "1,200"], "--percentiles 1,200"),
        (["--limits", "0,1", "--percentiles", "1,99"], "not both"),
        (["--scale", "z=1"], "of the axes 'yx'"),
        (["--scale", "y=-1"], "--scale y=-1"),
        (["-o", "a.xyz"], "labels are written as"),
    ],
)
def test_a_mistake_in_an_option_is_one_line(picture, options, match):
    assert match in failure(picture, "--point", "15,25", *options)
