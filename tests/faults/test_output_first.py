"""Output is tried before the work: nobody waits for what cannot be written."""

from __future__ import annotations

import errno

import imageio.v3 as iio
import numpy as np
import pytest
from click.testing import CliRunner

from napari_sam import api
from napari_sam.apps.cli import main
from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import NotWrittenError


@pytest.fixture
def data(tmp_path):
    """An image, a folder of images with labels, and a file where a folder should be."""
    image = np.zeros((64, 64), np.uint8)
    image[16:48, 16:48] = 200
    for part, pixels in (("images", image), ("labels", (image > 0).astype(np.uint8))):
        (tmp_path / "data" / part).mkdir(parents=True)
        for i in range(4):
            iio.imwrite(tmp_path / "data" / part / f"{i}.png", pixels)
    iio.imwrite(tmp_path / "image.png", image)
    (tmp_path / "file").write_text("here")
    return tmp_path


COMMANDS = {
    "train": "train {0}/data -o {0}/file/a.safetensors --steps 1",
    "train into a folder": "train {0}/data -o {0}/data --steps 1",
    "embed": "embed {0}/image.png --store {0}/file/store",
    "embed by workers": "embed {0}/image.png --store {0}/file/store --workers 1",
    "evaluate": "evaluate pocket {0}/data -o {0}/file/report",
    "segment": "segment {0}/image.png --point 32,32 -o {0}/file/a.tif",
    "segment into a folder": "segment {0}/image.png --point 32,32 -o {0}/folder.tif",
    "overlay": "segment {0}/image.png --point 32,32 --overlay {0}/file/a.png",
}


@pytest.mark.parametrize("line", COMMANDS.values(), ids=COMMANDS)
def test_it_is_refused_before_a_model_is_opened(data, line, monkeypatch):
    (data / "folder.tif").mkdir()

    def opened(*args, **options):
        raise AssertionError("a model was opened")

    monkeypatch.setattr(api, "load_backend", opened)
    monkeypatch.setattr("napari_sam.backends.native.open_backend", opened)
    before = sorted(data.rglob("*"))
    done = CliRunner().invoke(main, line.format(data).split())
    assert done.exit_code == 2, (done.output, done.exception)
    assert len(done.stderr.strip().splitlines()) == 1
    assert sorted(data.rglob("*")) == before


def test_trying_leaves_nothing(tmp_path):
    check_writable(tmp_path / "c.tif")
    check_writable(tmp_path / "a" / "b" / "c.tif", makes_folders=True)
    with pytest.raises(NotWrittenError, match="does not exist"):
        check_writable(tmp_path / "a" / "b" / "c.tif")
    check_writable(tmp_path / "a" / "b", folder=True)
    assert not list(tmp_path.iterdir())
    with pytest.raises(NotWrittenError):
        check_writable("nu\0l.tif")


def test_a_full_disk_names_the_file_and_leaves_no_other(data, monkeypatch):
    def full(*args, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("napari_sam.jobs.save_masks", full, raising=False)
    (data / "prompts.csv").write_text("object,row,col\n1,32,32\n2,20,20\n")
    line = f"segment {data}/image.png --prompts {data}/prompts.csv -o {data}/out.tif"
    done = CliRunner().invoke(main, line.split())
    assert done.exit_code == 2, (done.output, done.exception)
    assert "out.tif" in done.stderr
    assert "as it was" in done.stderr
    assert not list(data.glob("*.jsonl"))
    assert not list(data.glob("out*"))
