"""What Python is given: taken as it is meant, or refused by an error of ours."""

import errno
import os
import subprocess
import sys

import imageio.v3 as iio
import numpy as np
import pytest

from napari_sam import PromptableImage, Prompts
from napari_sam.api import open_store, segment_folder
from napari_sam.core.errors import (
    MissingFileError,
    NotAnImageError,
    NotWrittenError,
    PromptError,
    SettingError,
    StoreError,
)
from napari_sam.core.images.frames import Frames
from napari_sam.io import read_image, read_prompts
from napari_sam.testing import ThresholdBackend

TABLE = "image,object,row,col\na.png,1,8,8\nb.png,1,8,8\n"


@pytest.fixture
def folder(tmp_path):
    pixels = np.zeros((32, 32), np.uint8)
    pixels[4:14, 4:14] = 200
    (tmp_path / "images").mkdir()
    for name in ("a.png", "b.png"):
        iio.imwrite(tmp_path / "images" / name, pixels)
    (tmp_path / "clicks.csv").write_text(TABLE)
    return tmp_path


def segment(folder, **options):
    images, clicks, labels = (folder / n for n in ("images", "clicks.csv", "labels"))
    chosen = {"output": labels, "prompts": clicks, **options}
    return segment_folder(images, model=ThresholdBackend(), **chosen)


def test_a_tensor_is_an_image():
    torch = pytest.importorskip("torch")
    pixels = np.zeros((32, 32), np.float32)
    pixels[4:14, 4:14] = 1
    tensor = torch.from_numpy(pixels)
    np.testing.assert_array_equal(Frames(tensor)[0], pixels)
    levels = Frames(tensor, levels=[tensor[::2, ::2]]).levels
    assert levels[0].dtype == np.float32
    found = [
        PromptableImage(image, ThresholdBackend()).segment(Prompts.point(8, 8)).mask
        for image in (tensor, pixels)
    ]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    "odd", [{"requires_grad": True}, {"device": "meta"}, {"dtype": "bfloat16"}]
)
def test_a_tensor_that_numpy_cannot_read_says_what_to_do(odd):
    torch = pytest.importorskip("torch")
    if "dtype" in odd:
        odd = {"dtype": torch.bfloat16}
    with pytest.raises(NotAnImageError, match=r"Tensor .*numpy\(\)"):
        Frames(torch.zeros((8, 8), **odd))


def test_a_dask_array_of_unknown_chunks_says_what_to_do():
    da = pytest.importorskip("dask.array")
    whole = da.from_array(np.arange(64.0).reshape(8, 8), chunks=4)
    some = whole[whole[:, 0] > 20]
    with pytest.raises(NotAnImageError, match="compute_chunk_sizes"):
        Frames(some)
    assert Frames(some.compute_chunk_sizes()).plane_shape == (5, 8)


@pytest.mark.parametrize("threshold", [float("nan"), float("inf"), "high"])
def test_a_threshold_that_is_none_is_refused_before_the_work(folder, threshold):
    with pytest.raises(SettingError, match="threshold"):
        segment(folder, threshold=threshold)
    assert not (folder / "labels").exists()


def test_a_path_that_can_be_none_is_refused(folder):
    with pytest.raises(NotWrittenError, match="character"):
        segment(folder, output=folder / "la\0bels")
    with pytest.raises(PromptError, match="null"):
        segment(folder, prompts=folder / "cl\0icks.csv")
    with pytest.raises(StoreError, match="character"):
        open_store(folder / "st\0ore")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_says_which_labels_and_what_is_safe(folder, monkeypatch, code):
    from napari_sam.jobs.painting import save_masks

    def full(path, *args, **options):
        if path.stem == "b":
            raise OSError(code, "No space left on device")
        return save_masks(path, *args, **options)

    monkeypatch.setattr("napari_sam.jobs.folder_segmentation.save_masks", full)
    first, second = segment(folder)
    assert (first.state, second.state) == ("written", "failed")
    assert str(folder / "labels" / "b.tif") in second.reason
    assert "full" in second.reason
    assert "safe" in second.reason
    assert sorted(p.name for p in (folder / "labels").iterdir()) == [
        "a.tif", "finished.jsonl",
    ]  # fmt: skip
    monkeypatch.undo()
    assert [one.state for one in segment(folder)] == ["there", "written"]


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_a_full_disk_at_any_line_of_what_is_finished_loses_nothing(
    folder, monkeypatch, at
):
    from napari_sam.jobs.folder_run import FinishedFile

    append, count = FinishedFile._append, iter(range(1, 99))

    def full(self, entry):
        if next(count) == at:
            with self._path.open("a") as file:
                file.write('\n{"ima')  # as much as there was room for
            raise OSError(errno.ENOSPC, "No space left on device")
        append(self, entry)

    monkeypatch.setattr(FinishedFile, "_append", full)
    outcomes = segment(folder)
    (failed,) = [one for one in outcomes if one.state == "failed"]
    assert "finished.jsonl" in failed.reason or "was not written" in failed.reason
    assert "repeat" in failed.reason
    assert len(failed.reason.splitlines()) == 1
    assert not [*(folder / "labels").glob("*.answers.jsonl")]
    monkeypatch.undo()
    states = {one.path: one.state for one in segment(folder)}
    assert states.pop(failed.path) == "written"
    assert set(states.values()) == {"there"}


def test_a_tiff_of_more_tiles_than_it_lists_is_refused(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.tif"
    pixels = np.zeros((32, 32), np.uint8)
    tifffile.imwrite(path, pixels, compression="zlib", tile=(16, 16))
    with tifffile.TiffFile(path, mode="r+") as tiff:
        tiff.pages[0].tags["ImageLength"].overwrite(320)
    with pytest.raises(NotAnImageError, match=r"takes 40 tiles .* lists 4"):
        read_image(path)


def test_remarks_of_tifffile_are_no_lines_of_ours(tmp_path):
    tifffile = pytest.importorskip("tifffile")
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((32, 32), np.uint8), compression="zlib")
    content = bytearray(path.read_bytes())
    at = content.index(b"\x17\x01\x04\x00")  # tag 279: how long each strip is
    content[at + 2 : at + 4] = b"\xff\xff"
    path.write_bytes(content)
    line = ["segment", str(path), "--point", "8,8", "-o", str(tmp_path / "out.tif")]
    done = subprocess.run(
        [sys.executable, "-m", "napari_sam.apps.cli", *line],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    for name in ("a.png", "a.csv", "a.geojson"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(MissingFileError, match="pipe or a device"):
        read_image(tmp_path / "a.png")
    for name in ("a.csv", "a.geojson"):
        with pytest.raises(MissingFileError, match="pipe or a device"):
            read_prompts(tmp_path / name)


def test_remarks_of_gdal_are_no_lines_of_ours(tmp_path):
    """It prints them itself where no environment of rasterio takes them."""
    rasterio = pytest.importorskip("rasterio")
    path = tmp_path / "a.tif"
    size = {"width": 40, "height": 30, "count": 1, "dtype": "uint8"}
    place = rasterio.Affine(2, 0, 100, 0, -2, 500)
    with rasterio.open(path, "w", driver="GTiff", transform=place, **size) as out:
        out.write(np.zeros((1, 30, 40), np.uint8))
    content = bytearray(path.read_bytes())
    at = int.from_bytes(content[4:8], "little") + 2
    while int.from_bytes(content[at : at + 2], "little") != 262:
        at += 12
    content[at + 4 : at + 8] = (7).to_bytes(4, "little")
    path.write_bytes(content)
    program = (
        "import sys, numpy as np; from napari_sam.io import read_image;"
        "np.asarray(read_image(sys.argv[1]).frames[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
