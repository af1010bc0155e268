"""Embedding by several workers, as it is typed."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

from napari_sam.apps.cli import main

SLOW = Path(__file__).parent / "slow_cli.py"
CUT = ("--model", "slow", "--tile", "48", "--halo", "8")
#: Six planes of nine tiles.
TILES = 54


def heeds_ctrl_c():
    """Hear Ctrl-C, also where these tests run in the background, which does not."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def run(*args):
    return CliRunner().invoke(main, [str(a) for a in args])


@pytest.fixture
def stack(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (6, 160, 160)).astype(np.uint8)
    tifffile.imwrite(tmp_path / "stack.tif", pixels, metadata={"axes": "TYX"})
    return tmp_path / "stack.tif"


def start(*args):
    return subprocess.Popen(
        [sys.executable, str(SLOW), "embed", *map(str, args), *CUT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=heeds_ctrl_c,
    )


def until_something_is_done(process):
    """Read what is said until tiles are done, with others to do."""
    said = ""
    while not re.search(r"tile \d+ of", said):
        said += process.stderr.read(1)
    return said


def workers_of(process):
    """Processes that a process started and that do its tasks."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            stat = (folder / "stat").read_text().rpartition(")")[2].split()
            line = (folder / "cmdline").read_text()
        except OSError:
            continue
        if int(stat[1]) == process.pid and "spawn_main" in line:
            found.append(int(folder.name))
    return found


def numbers(text):
    return {b: int(a) for a, b in re.findall(r"(\d+) (encoded|there)", text)}


linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux
def test_a_worker_killed_from_outside_costs_only_its_tiles(stack, tmp_path):
    process = start(stack, "--store", tmp_path / "e.zarr", "--workers", 2)
    until_something_is_done(process)
    victim = workers_of(process)[0]
    os.kill(victim, signal.SIGKILL)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert sum(numbers(out).values()) == TILES
    assert numbers(out)["there"] < 8  # what the victim had written of its task
    again = start(stack, "--store", tmp_path / "e.zarr", "--workers", 1)
    assert numbers(again.communicate(timeout=120)[0]) == {"encoded": 0, "there": TILES}


@linux
def test_ctrl_c_stops_all_and_the_same_command_goes_on(stack, tmp_path):
    process = start(stack, "--store", tmp_path / "e.zarr", "--workers", 2)
    until_something_is_done(process)
    workers = workers_of(process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Stopped; the same command goes on from here." in err
    assert "Traceback" not in err
    assert not any(Path(f"/proc/{pid}").exists() for pid in workers)
    again = start(stack, "--store", tmp_path / "e.zarr", "--workers", 2)
    done = numbers(again.communicate(timeout=120)[0])
    assert sum(done.values()) == TILES
    assert 0 < done["there"] < TILES


def test_a_bad_image_of_three_is_told_and_the_others_done(tmp_path, threshold_model):
    images, store = tmp_path / "images", tmp_path / "e"
    images.mkdir()
    for name in "ac":
        tifffile.imwrite(images / f"{name}.tif", np.eye(64, dtype=np.uint8) * 200)
    (images / "b.tif").write_text("no image")
    for encoded in (2, 0):
        done = run("embed", images, "--each", "--store", store, "--workers", 1)
        assert done.exit_code == 1
        assert numbers(done.stdout) == {"encoded": encoded, "there": 2 - encoded}
        assert "b.tif cannot be read" in done.stderr


def test_a_store_that_cannot_be_written_is_refused(stack, tmp_path, threshold_model):
    (tmp_path / "e.zarr").write_text("not a folder")
    done = run("embed", stack, "--store", tmp_path / "e.zarr", "--workers", 1)
    assert done.exit_code == 2
    assert "e.zarr" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--workers", 0), "--workers"),
        (("--workers", 2, "--scheduler", "tcp://127.0.0.1:9"), "not both"),
        (("--scheduler", "gone.json"), "no scheduler file"),
    ],
)
def test_what_cannot_be_shared_out(stack, tmp_path, threshold_model, options, said):
    done = run("embed", stack, "--store", tmp_path / "e.zarr", *options)
    assert done.exit_code == 2
    assert said in done.stderr
