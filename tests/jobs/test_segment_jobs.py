import random
import sys
from dataclasses import replace

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.api import paint, segment_objects
from napari_sam.core.errors import JobError
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.progress import drain
from napari_sam.image import PromptableImage
from napari_sam.io import label_array, read_image, write_labels
from napari_sam.jobs import (
    Executor,
    Failure,
    ImageSpec,
    ModelSpec,
    ResultsFile,
    SegmentJob,
    segment_images,
)
from napari_sam.jobs.image_spec import open_image

PLANE = (64, 64)


@pytest.fixture
def planes(tmp_path, blobs):
    """Plane 3 has the brightest pixels, in one of its tiles."""
    pixels = np.stack([np.roll(blobs // 2 + blobs // 4, 2 * i, 0) for i in range(6)])
    pixels[3][pixels[3] > 180] = 250
    np.save(tmp_path / "stack.npy", pixels)
    return tmp_path / "stack.npy"


@pytest.fixture
def opening(planes):
    """Name the stack for workers, with a model and a store."""

    def of(model="threshold", store=None):
        from asking_models import open_model

        image = PromptableImage(
            read_image(planes, axes="tyx").frames,
            open_model(model),
            tiling=Tiling((32, 32), (4, 4)),
        )
        choice = ModelSpec(open_model, model)
        return ImageSpec.of(
            image, str(planes), choice, axes="tyx", store=store and str(store)
        )

    return of


@pytest.fixture
def asked():
    """Two objects in each plane; one moves down."""
    return {
        sam.Address(frame, number): said
        for frame in range(6)
        for number, said in (
            (1, sam.Prompts.point(15 + 2 * frame, 25)),
            (2, sam.Prompts.rectangle(40, 0, 64, 20)),
        )
    }


def answers(job, workers):
    ready = []
    drain(segment_images([job], Executor(workers), ready=lambda i, a: ready.append(a)))
    [found] = ready
    return found


def painted(found, opening):
    return paint(found, read_image(opening.path, axes="tyx").frames)


def test_labels_do_not_depend_on_who_does_it(opening, asked):
    named = opening()
    image = PromptableImage(
        read_image(named.path, axes="tyx").frames,
        named.model.load("threshold"),
        tiling=named.tiling,
    )
    expected = paint(segment_objects(image, asked), image.frames)
    assert len(np.unique(expected)) == 3
    for workers in (0, 1, 3):
        found = answers(SegmentJob(named, asked, PLANE), workers)
        assert list(found) == list(asked)
        np.testing.assert_array_equal(painted(found, named), expected)


def test_pocket_gives_the_same_bits_with_one_two_and_three_workers(
    tmp_path, monkeypatch
):
    pixels = np.random.default_rng(0).integers(0, 255, (3, 96, 96)).astype(np.uint8)
    np.save(tmp_path / "s.npy", pixels)
    image = PromptableImage(pixels, sam.load_backend("pocket"), axes="tyx")
    named = ImageSpec.of(
        image,
        str(tmp_path / "s.npy"),
        ModelSpec(sam.load_backend, "pocket", None, "cpu"),
        axes="tyx",
    )
    asked = {
        sam.Address(f, n): sam.Prompts.point(20 * n, 30)
        for f in range(3)
        for n in (1, 2, 3)
    }
    first = answers(SegmentJob(named, asked, (96, 96)), 1)
    assert all(not isinstance(a, Failure) for a in first.values())
    assert any(a.area for a in first.values())
    turned = list(asked.items())
    random.Random(1).shuffle(turned)
    assert answers(SegmentJob(named, asked, (96, 96)), 2) == first
    assert answers(SegmentJob(named, dict(turned), (96, 96)), 3) == first


def test_a_process_that_does_the_tasks_itself_has_one_copy_of_the_model(tmp_path):
    pixels = np.zeros((1, 64, 64), np.uint8)
    np.save(tmp_path / "s.npy", pixels)
    mine = sam.load_backend("pocket", device="cpu")
    choice = ModelSpec(sam.load_backend, "pocket", device="cpu")
    image = PromptableImage(pixels, mine, axes="tyx")
    found = ImageSpec.of(image, str(tmp_path / "s.npy"), choice, axes="tyx")
    assert open_image(found.for_workers(None)).backend is mine


def test_answers_that_are_kept_are_not_asked_again(opening, asked, tmp_path):
    kept = ResultsFile(tmp_path / "kept.jsonl", "setup")
    first = answers(SegmentJob(opening(), asked, PLANE, results=kept), 0)
    again = ResultsFile(tmp_path / "kept.jsonl", "setup")
    gone = replace(opening("fails"), path="nowhere.npy")
    assert answers(SegmentJob(gone, asked, PLANE, results=again), 0) == first


@pytest.mark.parametrize("change", ["setup", "prompts"])
def test_what_changed_is_asked_again(opening, asked, tmp_path, change):
    kept = ResultsFile(tmp_path / "kept.jsonl", "setup")
    answers(SegmentJob(opening(), asked, PLANE, results=kept), 0)
    again = ResultsFile(
        tmp_path / "kept.jsonl", "other" if change == "setup" else "setup"
    )
    at = next(iter(asked))
    said = {**asked, at: sam.Prompts.point(1, 1)} if change == "prompts" else asked
    gone = replace(opening(), path="nowhere.npy")
    found = answers(SegmentJob(gone, said, PLANE, results=again), 0)
    failed = [at for at, a in found.items() if isinstance(a, Failure)]
    assert at in failed
    assert (len(failed) == len(asked)) == (change == "setup")


def test_a_torn_line_is_no_answer(opening, asked, tmp_path):
    kept = ResultsFile(tmp_path / "kept.jsonl", "setup")
    first = answers(SegmentJob(opening(), asked, PLANE, results=kept), 0)
    text = kept.path.read_text()
    kept.path.write_text(text[:-20])
    again = ResultsFile(kept.path, "setup")
    assert 0 < len(again.find(asked)) < len(asked)
    assert answers(SegmentJob(opening(), asked, PLANE, results=again), 0) == first
    assert len(ResultsFile(kept.path, "setup").find(asked)) == len(asked)


def test_a_worker_that_is_killed_changes_nothing(opening, asked, tmp_path):
    expected = answers(SegmentJob(opening(), asked, PLANE), 0)
    marker = tmp_path / "killed"
    found = answers(SegmentJob(opening(f"dies:{marker}"), asked, PLANE), 2)
    assert marker.exists()
    assert found == expected


def test_labels_are_painted_into_a_zarr_array(opening, asked, tmp_path):
    named = opening()
    frames = read_image(named.path, axes="tyx").frames
    found = answers(SegmentJob(named, asked, PLANE), 0)
    with label_array(tmp_path / "l.tif", frames) as canvas:
        paint(found, frames, out=canvas)
        write_labels(tmp_path / "l.tif", canvas, axes="tyx")
    np.testing.assert_array_equal(
        read_image(tmp_path / "l.tif").data[:], painted(found, named)
    )
    assert [p.name for p in tmp_path.glob(".l*")] == []


def test_a_zarr_array_of_labels_holds_only_what_was_painted(tmp_path):
    frames = sam.Frames(np.broadcast_to(np.uint8(0), (3, 100_000, 100_000)), "tyx")
    with label_array(tmp_path / "l.zarr", frames) as canvas:
        canvas[1, 70_000:70_010, 90_000:90_010] = 7
        files = [p for p in tmp_path.rglob("*") if "/c/" in str(p) and p.is_file()]
        assert len(files) == 1


def test_no_scheduler_is_an_error_of_ours(opening, asked, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    work = segment_images(
        [SegmentJob(opening(), asked, PLANE)],
        Executor(scheduler="tcp://127.0.0.1:1"),
        ready=lambda *_: None,
    )
    with pytest.raises(sam.NapariSamError, match=r"pip install .*distributed"):
        drain(work)


def test_job_error_is_in_the_tree():
    assert issubclass(JobError, sam.NapariSamError)


def test_an_image_that_was_changed_is_opened_again(opening, asked, planes):
    before = answers(SegmentJob(opening(), asked, PLANE), 0)
    turned = np.load(planes)[::-1].copy()  # the same values: it is shown as it was
    planes.unlink()
    np.save(planes, turned)
    after = answers(SegmentJob(opening(), asked, PLANE), 0)
    assert [a.area for a in before.values()] != [a.area for a in after.values()]


def test_objects_that_fail_do_not_take_others_with_them(opening, asked):
    found = answers(SegmentJob(opening("deadly"), asked, PLANE), 2)
    failed = {at for at, a in found.items() if isinstance(a, Failure)}
    assert 0 < len(failed) < len(asked)
    assert {at.frame for at in failed} == {3}
    assert all("signal 9" in found[at].reason for at in failed)
