"""``napari-sam everything``, as a person types it."""

import errno
import json

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from napari_sam.apps.cli import main
from napari_sam.core.geometry.region import Region
from napari_sam.io.sa1b import read_sa1b
from napari_sam.testing import InstanceThresholdBackend


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture(autouse=True)
def _a_model_that_finds_instances(threshold_model, monkeypatch):
    monkeypatch.setattr(
        "napari_sam.api.load_backend", lambda *_, **__: InstanceThresholdBackend()
    )


@pytest.fixture
def image(tmp_path, blobs):
    path = tmp_path / "image.tif"
    tifffile.imwrite(path, blobs)
    return path


def test_all_objects_are_written_as_labels(image, tmp_path):
    result = run("everything", image, "-o", tmp_path / "labels.tif")
    assert result.exit_code == 0, result.output
    assert "2 objects in" in result.stdout
    labels = tifffile.imread(tmp_path / "labels.tif")
    assert np.bincount(labels.ravel()).tolist() == [4096 - 500, 400, 100]


def test_filters_and_methods_are_options(image, tmp_path):
    out = tmp_path / "labels.tif"
    assert "1 objects" in run("everything", image, "-o", out, "--smallest", 200).stdout
    again = run("everything", image, "-o", out, "--score", 0)
    assert again.exit_code == 2
    assert "--overwrite" in again.stderr
    grid = ("--method", "grid", "--points", 16, "--stability", 0, "--overlap", 0.5)
    result = run("everything", image, "-o", out, *grid, "--overwrite")
    assert "2 objects" in result.stdout


def test_masks_are_written_in_the_form_of_sa1b(image, tmp_path):
    out = tmp_path / "image.json"
    result = run("everything", image, "-o", out, "--sa1b")
    assert result.exit_code == 0, result.output
    masks, shape = read_sa1b(out)
    assert (shape, sorted(one.mask.area for one in masks)) == ((64, 64), [100, 400])
    for one in masks:
        (row, col), region = one.point, one.mask.region
        assert one.mask.array[int(row) - region.top, int(col) - region.left]
        assert one.crop == Region(0, 0, 64, 64)
    assert json.loads(out.read_text())["image"]["file_name"] == "image.tif"
    image.rename(tmp_path / "images.tif")
    (tmp_path / "images").mkdir()
    (tmp_path / "images.tif").rename(tmp_path / "images" / "image.tif")
    result = run("everything", tmp_path / "images", "-o", tmp_path / "o", "--sa1b")
    assert result.exit_code == 0, result.output
    assert (tmp_path / "o" / "image.json").read_bytes() == out.read_bytes()


def test_what_sa1b_cannot_hold_is_refused_before_the_work(image, tmp_path, blobs):
    result = run("everything", image, "-o", tmp_path / "a.tif", "--sa1b")
    assert "name a .json file" in result.stderr
    stack = tmp_path / "stack.tif"
    tifffile.imwrite(stack, np.stack([blobs, blobs]), metadata={"axes": "TYX"})
    out = tmp_path / "a.json"
    result = run("everything", stack, "-o", out, "--sa1b")
    assert (result.exit_code, "2 frames" in result.stderr) == (2, True)
    assert not out.exists()
    assert run("everything", stack, "-o", out, "--sa1b", "--frame", 1).exit_code == 0


@pytest.mark.parametrize("options", [("-o", "a.tif"), ("--sa1b", "-o", "a.json")])
def test_a_full_disk_names_the_file(image, tmp_path, monkeypatch, options):
    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_sam.jobs.painting.save_masks", full)
    monkeypatch.setattr("napari_sam.jobs.sa1b.write_sa1b", full)
    monkeypatch.chdir(tmp_path)
    result = run("everything", image, *options)
    assert result.exit_code == 2, result.output
    assert f"{options[-1]} was not written: its disk is full" in result.stderr


def test_a_frame_that_is_not_there(image, tmp_path):
    result = run("everything", image, "-o", tmp_path / "a.tif", "--frame", 3)
    assert result.exit_code == 2
    assert "--frame 3: the image has 1" in result.stderr
    assert not (tmp_path / "a.tif").exists()


def test_a_folder(image, tmp_path):
    images = tmp_path / "images"
    images.mkdir()
    image.rename(images / "a.tif")
    result = run("everything", images, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 written, 0 there" in result.stdout
    assert tifffile.imread(tmp_path / "out" / "a.tif").max() == 2


def test_sizes_in_units_of_the_image(image, tmp_path):
    out = tmp_path / "labels.tif"
    half = ("--scale", "y=0.5,x=0.5", "--unit", "um")  # areas of 25 and 100 µm²
    sizes = ("--smallest", 30, "--size-unit", "um2", "--overwrite")
    result = run("everything", image, "-o", out, *sizes, *half)
    assert "1 objects" in result.output, result.output
    assert "2 objects" in run("everything", image, "-o", out, *sizes[2:], *half).output
    result = run("everything", image, "-o", out, "--largest", 30, *sizes[2:], *half)
    assert np.unique(tifffile.imread(out), return_counts=True)[1].tolist() == [
        3996,
        100,
    ]
    unknown = run("everything", image, "-o", out, *sizes)
    assert unknown.exit_code == 2
    assert "the size of a pixel is not known" in unknown.stderr


def test_images_of_a_folder_have_sizes_of_their_own(blobs, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for name, size in (("near", 0.5), ("far", 1.0)):
        tifffile.imwrite(
            folder / f"{name}.tif",
            blobs,
            imagej=True,
            resolution=(1 / size, 1 / size),
            metadata={"unit": "um", "axes": "YX"},
        )
    tifffile.imwrite(folder / "unknown.tif", blobs)
    out = tmp_path / "labels"
    result = run("everything", folder, "-o", out, "--smallest", 30, "--size-unit", "um")
    assert "unknown.tif" in result.output
    counts = {p.stem: tifffile.imread(p).max() for p in out.glob("*.tif")}
    assert counts == {"near": 1, "far": 2}
