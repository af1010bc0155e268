import numpy as np
import pytest
import tifffile
from click.testing import CliRunner

import napari_sam as sam
from napari_sam.apps.cli import main
from napari_sam.core.address import Address
from napari_sam.core.prompts import Prompts
from napari_sam.testing.propagator_suite import FRAMES, movie
from napari_sam.tracking.recorded import RecordedPropagator

PIXELS, LABELS = movie()


def run(*arguments):
    return CliRunner().invoke(main, ["propagate", *(str(a) for a in arguments)])


@pytest.fixture
def film(tmp_path):
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, PIXELS, metadata={"axes": "TYX"}, imagej=True)
    tifffile.imwrite(tmp_path / "first.tif", LABELS[0])
    return path


def test_labels_of_the_first_frame_become_labels_of_all(film, tmp_path):
    out = tmp_path / "out.tif"
    done = run(film, "--from-labels", tmp_path / "first.tif", "-o", out)
    assert done.exit_code == 0, done.output
    assert f"2 objects, {2 * FRAMES} masks" in done.output
    assert f"frame {FRAMES - 1} of {FRAMES - 1}" in done.output
    written = tifffile.imread(out)
    tracks = sam.propagate(PIXELS, {0: LABELS[0]}, axes="tyx")
    assert np.array_equal(written, tracks.labels)
    assert not list(tmp_path.glob("*.jsonl"))
    again = run(film, "--from-labels", tmp_path / "first.tif", "-o", out)
    assert again.exit_code == 2
    assert "there already" in again.output


def test_prompts_become_a_folder_of_the_challenge(film, tmp_path):
    prompts = {
        Address(0, 1): Prompts.point(20, 14),
        Address(2, 2): Prompts.rectangle(34, 34, 55, 55),
    }
    from napari_sam.io import write_prompts

    write_prompts(tmp_path / "seeds.json", prompts)
    out = tmp_path / "res"
    options = ["--format", "ctc", "--frames", 0, 3]
    done = run(film, "--prompts", tmp_path / "seeds.json", "-o", out, *options)
    assert done.exit_code == 0, done.output
    assert (out / "res_track.txt").read_text() == "1 0 3 0\n2 0 3 0\n"
    masks = [tifffile.imread(p) for p in sorted(out.glob("mask*.tif"))]
    assert len(masks) == FRAMES
    assert [np.unique(m).tolist() for m in masks[:5]] == [[0, 1, 2]] * 4 + [[0]]


def test_a_run_that_was_stopped_goes_on(film, tmp_path, monkeypatch):
    out, seeds = tmp_path / "out.tif", tmp_path / "first.tif"
    carried = []
    carry = RecordedPropagator._append

    def stopping(self, name, found):
        carry(self, name, found)
        carried.append(name)
        if len(carried) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(RecordedPropagator, "_append", stopping)
    stopped = run(film, "--from-labels", seeds, "-o", out)
    assert stopped.exit_code == 130
    assert "goes on from here" in stopped.output
    assert not out.exists()
    done = run(film, "--from-labels", seeds, "-o", out)
    assert done.exit_code == 0, done.output
    assert len(carried) == len(set(carried)) == FRAMES - 1
    tracks = sam.propagate(PIXELS, {0: LABELS[0]}, axes="tyx")
    assert np.array_equal(tifffile.imread(out), tracks.labels)


def test_what_is_wrong_is_one_line(film, tmp_path):
    neither = run(film, "-o", tmp_path / "out.tif")
    assert neither.exit_code == 2
    assert "--prompts or --from-labels" in neither.output
    three = tmp_path / "three.tif"
    tifffile.imwrite(three, LABELS[:3], metadata={"axes": "TYX"}, imagej=True)
    other = run(film, "--from-labels", three, "-o", tmp_path / "out.tif")
    assert other.exit_code == 2
    assert "labels of one frame, or of all" in other.output


def test_all_frames_of_labels_with_objects_are_seeds(film, tmp_path):
    some = np.where(np.isin(np.arange(FRAMES), (0, 5))[:, None, None], LABELS, 0)
    some = some.astype(np.uint8)
    tifffile.imwrite(tmp_path / "some.tif", some, metadata={"axes": "TYX"}, imagej=True)
    out = tmp_path / "out.zarr"
    done = run(film, "--from-labels", tmp_path / "some.tif", "-o", out)
    assert done.exit_code == 0, done.output
    written = np.asarray(sam.read_image(out).frames.data)
    assert np.array_equal(written[5], LABELS[5])
    assert all(set(np.unique(plane)) == {0, 1, 2} for plane in written)
