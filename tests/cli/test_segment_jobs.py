import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr
from click.testing import CliRunner

from napari_sam.apps.cli import main

CSV = "object,frame,row,col,positive\n1,0,15,25,1\n2,0,55,9,1\n"


def heeds_ctrl_c():
    """Hear Ctrl-C, also where these tests run in the background, which does not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def folder(tmp_path, blobs):
    """Three images, of which one is broken, and prompts for two of them."""
    (tmp_path / "images").mkdir()
    for name in "abd":
        tifffile.imwrite(tmp_path / "images" / f"{name}.tif", blobs)
    (tmp_path / "images" / "c.tif").write_text("no image")
    (tmp_path / "said").mkdir()
    for name in "abc":
        (tmp_path / "said" / f"{name}.csv").write_text(CSV)
    return tmp_path


def on_folder(folder, *more):
    images, said, out = folder / "images", folder / "said", folder / "out"
    return run("segment", images, "--prompts", said, "-o", out, *more)


def test_a_broken_image_does_not_stop_the_others(folder, threshold_model):
    result = on_folder(folder)
    assert result.exit_code == 1
    assert "2 written, 0 there, 1 skipped, 1 failed" in result.stdout
    assert "c.tif cannot be read" in result.stderr
    assert "d.tif has no prompts" in result.stderr
    for name in "ab":
        labels = tifffile.imread(folder / "out" / f"{name}.tif")
        assert np.bincount(labels.ravel()).tolist() == [4096 - 500, 400, 100]
    assert not (folder / "out" / "c.tif").exists()


def test_what_is_finished_is_not_asked_again(folder, threshold_model):
    on_folder(folder)
    before = (folder / "out" / "a.tif").stat().st_mtime_ns
    (folder / "said" / "b.csv").write_text(CSV.replace("2,0,", "7,0,"))
    result = on_folder(folder)
    assert "1 written, 1 there, 1 skipped, 1 failed" in result.stdout
    assert (folder / "out" / "a.tif").stat().st_mtime_ns == before
    assert tifffile.imread(folder / "out" / "b.tif").max() == 7
    assert "2 written, 0 there" in on_folder(folder, "--overwrite").stdout


def test_labels_of_others_are_not_replaced(folder, threshold_model):
    (folder / "out").mkdir()
    (folder / "out" / "a.tif").write_text("mine")
    result = on_folder(folder)
    assert result.exit_code == 1
    assert "a.tif is there already" in result.stderr
    assert (folder / "out" / "a.tif").read_text() == "mine"


def test_labels_of_an_image_that_fails_later_are_not_lost(folder, threshold_model):
    (folder / "said" / "b.csv").write_text(CSV.replace("55,9", "900,9"))
    result = on_folder(folder)
    assert "1 written" in result.stdout
    assert "b.tif" in result.stderr
    assert (folder / "out" / "a.tif").exists()


def test_one_table_may_say_everything(folder, threshold_model):
    rows = [f"{name},{line}" for name in ("a", "b.tif") for line in CSV.split()[1:]]
    table = folder / "all.csv"
    table.write_text("\n".join([f"image,{CSV.split()[0]}", *rows]) + "\n")
    out = folder / "out"
    result = run("segment", folder / "images", "--prompts", table, "-o", out)
    assert "2 written, 0 there, 2 skipped, 0 failed" in result.stdout
    assert result.exit_code == 0
    assert tifffile.imread(out / "b.tif").max() == 2


def test_a_folder_of_labels_asks_too(folder, threshold_model, blobs):
    drafts = folder / "drafts"
    drafts.mkdir()
    tifffile.imwrite(drafts / "a.tif", (blobs > 0).astype(np.uint8))
    out = folder / "out"
    result = run(
        "segment", folder / "images", "--from-labels", drafts, "-o", out,
        "--format", "zarr", "--store", folder / "store",
    )  # fmt: skip
    assert "1 written, 0 there, 3 skipped" in result.stdout
    assert (folder / "store" / "a.tif.zarr").is_dir()
    assert zarr.open(out / "a.zarr")["0"][15, 25] == 1


def test_two_images_of_one_name_are_refused(folder, threshold_model, blobs):
    tifffile.imwrite(folder / "images" / "a.tiff", blobs)
    result = on_folder(folder)
    assert "1 written, 0 there, 1 skipped, 3 failed" in result.stdout
    assert "called a too" in result.stderr


def test_a_folder_takes_a_folder(folder, threshold_model):
    images, said = folder / "images", folder / "said"
    assert run("segment", images, "--prompts", said).exit_code == 2
    (folder / "file").write_text("")
    result = run("segment", images, "--prompts", said, "-o", folder / "file")
    assert "is no folder" in result.stderr
    assert result.exit_code == 2


def test_a_zarr_output_is_painted_on_disk(tmp_path, blobs, threshold_model):
    tifffile.imwrite(tmp_path / "a.tif", blobs)
    common = ("segment", tmp_path / "a.tif", "--point", "15,25", "-o")
    assert run(*common, tmp_path / "a.zarr").exit_code == 0
    run(*common, tmp_path / "b.tif")
    expected = tifffile.imread(tmp_path / "b.tif")
    np.testing.assert_array_equal(zarr.open(tmp_path / "a.zarr")["0"][:], expected)
    assert sorted(p.name for p in tmp_path.glob(".*")) == []


#: The command line with a model that takes its time.
SLOW = str(Path(__file__).with_name("slow_cli.py"))


@pytest.fixture
def long_stack(tmp_path):
    """Many planes, and a prompt in each."""
    planes = np.random.default_rng(0).integers(0, 255, (40, 64, 64)).astype(np.uint8)
    np.save(tmp_path / "s.npy", planes)
    rows = [f"1,{i},30,30,1" for i in range(len(planes))]
    (tmp_path / "s.csv").write_text("\n".join([CSV.split()[0], *rows]) + "\n")
    return tmp_path


@pytest.mark.parametrize("workers", [[], ["--workers", "2"]])
def test_ctrl_c_stops_and_the_same_command_goes_on(long_stack, workers):
    command = [
        sys.executable, "-W", "ignore", SLOW, "segment", "s.npy", "--model", "slow",
        "--axes", "tyx", "--prompts", "s.csv", "-o", "l.tif", *workers,
    ]  # fmt: skip
    kept = long_stack / "l.tif.answers.jsonl"
    first = subprocess.Popen(
        command, cwd=long_stack, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=heeds_ctrl_c,
    )  # fmt: skip
    seen = b""
    while b"object 4 of" not in seen:
        got = first.stderr.read1()
        assert got, seen
        seen += got
    os.killpg(first.pid, signal.SIGINT)  # as a terminal does, to all of them
    told = seen + first.communicate()[1]
    assert first.returncode == 130, told
    assert told.count(b"Traceback") == 0
    assert b"goes on from here" in told
    assert not (long_stack / "l.tif").exists()
    answered = kept.read_text().count('"name"')
    assert 3 <= answered < 40
    again = subprocess.run(command, cwd=long_stack, capture_output=True, check=True)
    assert f"object {answered} of 40".encode() in again.stderr
    assert not kept.exists()
    assert tifffile.imread(long_stack / "l.tif").shape == (40, 64, 64)


def test_an_output_in_no_folder_is_named(folder, threshold_model):
    (folder / "file").write_text("")
    said = folder / "said"
    result = run(
        "segment", folder / "images", "--prompts", said, "-o", folder / "file" / "out"
    )
    assert result.exit_code == 2
    assert "Not a directory" in result.stderr
