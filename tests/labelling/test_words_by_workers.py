"""A folder labelled by words on workers: the same as in this process."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.api.word_models import concept_spec
from napari_sam.automatic import TextSettings
from napari_sam.automatic.concepts import Words
from napari_sam.core.errors import JobError
from napari_sam.core.progress import drain
from napari_sam.image.settings import AppearanceSettings
from napari_sam.io.settings import ReadSettings
from napari_sam.jobs import Executor, ModelSpec, PromptableSettings
from napari_sam.labelling import ConceptSpec, LabelFolderJob, iter_label_words
from napari_sam.testing import ColourConcepts

#: Planes of each of the images.
PLANES = {"a": 3, "b": 1, "c": 2}


@pytest.fixture(autouse=True)
def _workers_find_the_models(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))


@pytest.fixture
def images(tmp_path):
    """Stacks of planes, each with a red, a green and a blue square."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name, count in PLANES.items():
        stack = np.zeros((count, 64, 64, 3), np.uint8)
        for k, plane in enumerate(stack):
            plane[4 : 14 + k, 4:14] = (240, 40, 40)
            plane[4:14, 30 : 40 + k] = (40, 240, 40)
            plane[30:40, 4:14] = (40, 40, 240)
        tifffile.imwrite(folder / f"{name}.tif", stack, photometric="rgb")
    return folder


def job_of(images, output, traces):
    from models_of_words import colours, threshold

    return LabelFolderJob(
        images,
        output,
        ModelSpec(threshold),
        settings=PromptableSettings(
            ReadSettings(axes="tyxc"), AppearanceSettings(limits=(0, 255))
        ),
        words=Words(("red", "green"), ("blue",)),
        text=TextSettings(threshold=0.4),
        concepts=ConceptSpec(colours, str(traces)),
    )


def work_of(images, output, traces, executor=None, **given):
    from models_of_words import WatchedColours

    job = job_of(images, output, traces)
    return iter_label_words(job, WatchedColours(traces), executor, **given)


def files_of(output):
    """All files besides the index, which has the name of the folder."""
    found = {p.relative_to(output): p for p in output.rglob("*") if p.is_file()}
    return {
        name: path.read_bytes()
        for name, path in found.items()
        if name.suffix in (".tif", ".csv", ".npz")
    }


def test_any_number_of_workers_writes_the_same_bytes(images, tmp_path):
    from models_of_words import asked

    written = []
    for workers in (0, 1, 2):
        traces, output = tmp_path / f"traces{workers}", tmp_path / f"out{workers}"
        traces.mkdir()
        drain(work_of(images, output, traces, Executor(workers)))
        written.append(files_of(output))
        processes = asked(traces)
        assert len(processes) == sum(PLANES.values())
        assert len(set(processes)) == max(workers, 1)
        assert (str(os.getpid()) in processes) == (workers == 0)
    assert len(written[0]) == 3 * len(PLANES)
    assert written[0] == written[1] == written[2]
    found = sam.LabelledDataset(tmp_path / "out2")
    assert found.class_counts == {"green": 6, "red": 6}


def test_numbers_do_not_depend_on_which_plane_is_ready_first(
    images, tmp_path, monkeypatch
):
    def backwards(worker, tasks, executor):
        call = worker()
        for k in reversed(range(len(tasks))):
            yield k, call(tasks[k])

    drain(work_of(images, tmp_path / "here", tmp_path))
    monkeypatch.setattr("napari_sam.jobs.task_groups.run_tasks", backwards)
    drain(work_of(images, tmp_path / "there", tmp_path, Executor(1)))
    assert files_of(tmp_path / "here") == files_of(tmp_path / "there")


def test_what_was_stopped_goes_on_with_workers_or_without(images, tmp_path):
    from models_of_words import asked

    told, output = [], tmp_path / "out"
    work = work_of(images, output, tmp_path, Executor(1), report=told.append)
    for _ in work:
        if told:
            break
    work.close()
    assert [one.stem for one in sam.LabelledDataset(output).images] == ["a"]
    before = len(asked(tmp_path))
    assert before in (3, 4), "the worker may have begun with the next plane"
    again = drain(work_of(images, output, tmp_path, Executor(2)))
    assert {one.path.stem: one.state for one in again} == {
        "a": "there", "b": "written", "c": "written",
    }  # fmt: skip
    assert len(asked(tmp_path)) == before + 3
    assert {one.state for one in drain(work_of(images, output, tmp_path))} == {"there"}


def test_an_image_on_which_a_worker_fails_stops_no_other(images, tmp_path):
    pixels = np.full((1, 64, 64, 3), 255, np.uint8)
    tifffile.imwrite(images / "b.tif", pixels, photometric="rgb")
    outcomes = drain(work_of(images, tmp_path / "out", tmp_path, Executor(1)))
    found = {one.path.stem: (one.state, one.reason) for one in outcomes}
    assert found == {
        "a": ("written", ""),
        "b": ("failed", "RuntimeError: too bright"),
        "c": ("written", ""),
    }


def test_a_cluster_labels_by_words_too(images, tmp_path):
    from distributed import LocalCluster

    drain(work_of(images, tmp_path / "here", tmp_path))
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None,
        local_directory=str(tmp_path / "dask"),
    ) as cluster:  # fmt: skip
        executor = Executor(scheduler=cluster.scheduler_address)
        drain(work_of(images, tmp_path / "there", tmp_path, executor))
    assert files_of(tmp_path / "here") == files_of(tmp_path / "there")


def test_workers_are_given_a_model_of_words_by_its_name(tmp_path, images):
    job = replace(job_of(images, tmp_path / "out", tmp_path), concepts=None)
    with pytest.raises(JobError, match="Workers open the model of words themselves"):
        drain(iter_label_words(job, ColourConcepts(), Executor(workers=1)))
    assert not (tmp_path / "out").exists()
    assert concept_spec(ColourConcepts()) is None
    assert concept_spec("owlv2").name == "owlv2"
    assert concept_spec(images).name == str(images.absolute())


def test_another_model_of_words_labels_again(images, tmp_path):
    from models_of_words import WatchedColours

    class Others(WatchedColours):
        concept_model = "other colours"

    job = job_of(images, tmp_path / "out", tmp_path)
    states = [
        [one.state for one in drain(iter_label_words(job, concepts))]
        for concepts in (WatchedColours(tmp_path), Others(tmp_path), Others(tmp_path))
    ]
    assert states == [["written"] * 3, ["written"] * 3, ["there"] * 3]
