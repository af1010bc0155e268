from __future__ import annotations

import signal
from dataclasses import replace

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import JobError
from napari_sam.core.progress import drain
from napari_sam.image.embed import EmbedResult
from napari_sam.image.selection import select_tiles
from napari_sam.jobs import EmbedJob, Executor, ImageSpec, ModelSpec, embed_images
from napari_sam.testing import ThresholdBackend

from .common import ALL, TILES, features, same, there, wanted


def embed(jobs, workers):
    return drain(embed_images(jobs, Executor(workers)))


def test_any_number_of_workers_in_any_order_writes_the_same(stack, tmp_path):
    found = []
    for workers in (0, 1, 3):
        store = tmp_path / f"{workers}.zarr"
        near = (3, 80, 80) if workers == 3 else None
        done = embed(wanted(stack, store, near=near), workers)
        assert (done.tiles, done.lost, done.failed) == (EmbedResult(TILES), 0, {})
        found.append(features(store))
    assert same(found[0], found[1])
    assert same(found[0], found[2])


def test_pocket_writes_the_same_bits_by_any_number_of_workers(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (4, 64, 64)).astype(np.uint8)
    path = tmp_path / "s.npy"
    np.save(path, pixels)
    frames = sam.read_image(path, axes="tyx").frames
    image = sam.PromptableImage(frames, sam.load_backend("pocket", device="cpu"))
    model = ModelSpec(sam.load_backend, "pocket", None, "cpu", "float32")
    found = []
    for workers in (1, 2):
        store = tmp_path / f"{workers}.zarr"
        opening = ImageSpec.of(image, str(path), model, axes="tyx", store=str(store))
        near = (2, 0, 0) if workers == 2 else None
        job = EmbedJob(
            opening, select_tiles(frames, image.tiling, **{**ALL, "near": near})
        )
        assert embed([job], workers).tiles == EmbedResult(4)
        found.append(features(store))
    assert same(*found)


def test_what_is_there_is_not_done_again(stack, tmp_path):
    from models_of_jobs import encoded, watched

    store = tmp_path / "e.zarr"
    assert embed(wanted(stack, store, only=[1, 4]), 2).tiles == EmbedResult(18)
    done = embed(wanted(stack, store, watched, tmp_path), 2)
    assert done.tiles == EmbedResult(encoded=36, found=18)
    assert len(encoded(tmp_path)) == 36


def test_tiles_that_hold_nothing_are_skipped(stack, tmp_path):
    store = tmp_path / "e.zarr"
    mask = np.zeros((160, 160), bool)
    mask[:20, :20] = True
    done = embed(wanted(stack, store, only=[0], mask=mask, background=250), 0)
    assert done.tiles == EmbedResult(skipped=9)
    done = embed(wanted(stack, store, only=[0], mask=mask), 0)
    assert done.tiles == EmbedResult(encoded=1, skipped=8)


def test_closing_stops_and_keeps_what_is_done(stack, tmp_path):
    store = tmp_path / "e.zarr"
    work = embed_images(wanted(stack, store), Executor(2))
    first = next(work)
    work.close()
    done = embed(wanted(stack, store), 0)
    assert done.tiles.found >= first.done > 0
    assert done.tiles.encoded + done.tiles.found == TILES


def test_a_killed_worker_costs_only_its_tiles(stack, tmp_path):
    from models_of_jobs import encoded, watched

    (tmp_path / "die-20").touch()
    store = tmp_path / "e.zarr"
    done = embed(wanted(stack, store, watched, tmp_path), 2)
    assert list(tmp_path.glob("dead-*"))
    assert (done.lost, done.failed) == (0, {})
    assert done.tiles.encoded + done.tiles.found == TILES
    assert len(encoded(tmp_path)) - TILES < 8  # those of a task
    assert there(stack, store) == TILES


def test_a_task_that_kills_every_worker_is_given_up(stack, tmp_path):
    from models_of_jobs import watched

    for i in range(3):
        (tmp_path / f"die-{'0' * (i + 1)}").touch()
    some = wanted(stack, tmp_path / "e.zarr", watched, tmp_path, only=[0])
    done = embed(some, 1)
    assert "3 workers ended by signal 9" in done.failed[str(stack)]
    assert done.lost == 1
    assert done.tiles == EmbedResult(8)


def test_workers_that_never_answer_are_not_started_for_ever(
    stack, tmp_path, monkeypatch
):
    from models_of_jobs import unloadable

    monkeypatch.setattr("napari_sam.jobs.processes._ATTEMPTS", 1)
    with pytest.raises(JobError, match="with exit code 7 before they have done"):
        embed(wanted(stack, tmp_path / "e.zarr", unloadable), 1)


def test_an_error_is_told_and_the_rest_goes_on(stack, tmp_path):
    from models_of_jobs import broken

    other, gone = tmp_path / "other.tif", tmp_path / "gone.tif"
    for copy in (other, gone):
        copy.write_bytes(stack.read_bytes())
    store = tmp_path / "e.zarr"
    jobs = wanted(other, tmp_path / "bad.zarr", broken) + wanted(gone, store)
    gone.unlink()
    done = embed(jobs + wanted(stack, store), 2)
    assert (done.tiles, done.lost) == (EmbedResult(TILES), 2 * TILES)
    assert done.failed[str(other)] == "RuntimeError: the device is on fire"
    assert "gone.tif does not exist" in done.failed[str(gone)]


def test_a_store_that_cannot_be_written_is_told(stack, tmp_path):
    (tmp_path / "e.zarr").write_text("not a folder")
    jobs = wanted(stack, tmp_path / "e.zarr", only=[0])
    with pytest.warns(RuntimeWarning, match="cannot be written"):
        done = embed(jobs, 0)
    assert (done.tiles, done.lost) == (EmbedResult(), 9)
    assert "e.zarr" in done.failed[str(stack)]


def test_pixels_that_changed_between_two_runs_are_seen(stack, tmp_path):
    store = tmp_path / "e.zarr"
    embed(wanted(stack, store), 0)
    stack.write_bytes(stack.read_bytes().replace(b"\xc8" * 30, b"\x05" * 30))
    done = embed(wanted(stack, store), 0)
    assert done.tiles.encoded > 0
    assert there(stack, store) == TILES


def test_what_lies_elsewhere_is_opened_anew_in_each_run(stack, tmp_path):
    (job,) = wanted(stack, tmp_path / "e.zarr")
    (again,) = wanted(stack, tmp_path / "e.zarr")
    assert job.image == again.image
    image = sam.PromptableImage(sam.read_image(stack).frames, ThresholdBackend())
    url, model = "s3://bucket/a.tif", job.image.model
    elsewhere = [ImageSpec.of(image, url, model) for _ in range(2)]
    assert elsewhere[0] != elsewhere[1]


def test_a_store_may_be_a_url(stack, tmp_path):
    done = embed(wanted(stack, f"file://{tmp_path}/u.zarr"), 2)
    assert done.tiles == EmbedResult(TILES)
    assert there(stack, tmp_path / "u.zarr") == TILES
    here = wanted(stack, "memory://of-jobs/e.zarr")
    assert embed(here, 0).tiles == EmbedResult(TILES)
    assert embed(here, 0).tiles == EmbedResult(found=TILES)


def test_what_cannot_be_shared_out_is_refused(stack, tmp_path):
    (job,) = wanted(stack, tmp_path / "e.zarr")
    with pytest.raises(JobError, match="need a store"):
        EmbedJob(replace(job.image, store=None), job.tiles)
    with pytest.raises(JobError, match="one or more"):
        Executor(-1)


def test_ctrl_c_is_still_heard_here_while_workers_run(stack, tmp_path):
    work = embed_images(wanted(stack, tmp_path / "e.zarr"), Executor(1))
    before = signal.getsignal(signal.SIGINT)
    next(work)
    assert signal.getsignal(signal.SIGINT) is before
    work.close()
