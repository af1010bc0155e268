"""Workers of a Dask scheduler, in processes of this machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from distributed import LocalCluster

from napari_sam import Address, Prompts
from napari_sam.core.errors import JobError, MissingPackageError
from napari_sam.core.progress import drain
from napari_sam.image.embed import EmbedResult
from napari_sam.jobs import Executor, SegmentJob, embed_images, segment_images

from .common import TILES, features, same, there, wanted


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parent))  # also that of the workers
        with LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            dashboard_address=None,
            local_directory=str(tmp_path_factory.mktemp("dask")),
        ) as cluster:
            yield cluster.scheduler_address


def embed(jobs, scheduler):
    return drain(embed_images(jobs, Executor(scheduler=scheduler)))


def test_a_cluster_writes_what_one_process_writes(stack, tmp_path, cluster):
    from models_of_jobs import encoded, watched

    ours, theirs = tmp_path / "ours.zarr", tmp_path / "theirs.zarr"
    done = embed(wanted(stack, theirs, watched, tmp_path), cluster)
    assert (done.tiles, done.failed) == (EmbedResult(TILES), {})
    assert len(set(encoded(tmp_path))) == 2
    drain(embed_images(wanted(stack, ours), Executor(0)))
    assert same(features(ours), features(theirs))
    assert embed(wanted(stack, theirs), cluster).tiles == EmbedResult(found=TILES)


def test_a_killed_worker_costs_only_its_tiles(stack, tmp_path, cluster):
    from models_of_jobs import encoded, watched

    (tmp_path / "die-20").touch()
    store = tmp_path / "e.zarr"
    done = embed(wanted(stack, store, watched, tmp_path), cluster)
    assert list(tmp_path.glob("dead-*"))
    assert (done.lost, done.failed) == (0, {})
    assert done.tiles.encoded + done.tiles.found == TILES
    assert len(encoded(tmp_path)) - TILES < 8  # those of a task
    assert there(stack, store) == TILES


def test_a_cluster_segments_as_one_process_does(stack, tmp_path, cluster):
    (job,) = wanted(stack, tmp_path / "e.zarr")
    asked = {
        Address(frame, number): Prompts.point(top + 15, left + 15)
        for frame in (0, 3, 5)
        for number, top, left in ((1, 10, 10), (2, 100, 10), (3, 100, 100))
    }
    found = []
    for where in (Executor(0), Executor(scheduler=cluster)):
        one = SegmentJob(job.image, asked, (160, 160))
        drain(segment_images([one], where, ready=lambda _, a: found.append(a)))
    assert found[0] == found[1]
    assert all(answer.area > 800 for answer in found[0].values())


def test_an_error_is_told(stack, tmp_path, cluster):
    from models_of_jobs import broken

    done = embed(wanted(stack, tmp_path / "e.zarr", broken), cluster)
    assert done.failed == {str(stack): "RuntimeError: the device is on fire"}


def test_closing_leaves_the_cluster_as_it_was(stack, tmp_path, cluster):
    store = tmp_path / "e.zarr"
    work = embed_images(wanted(stack, store), Executor(scheduler=cluster))
    first = next(work)
    work.close()
    done = embed(wanted(stack, store), cluster)
    assert done.tiles.found >= first.done
    assert done.tiles.encoded + done.tiles.found == TILES


def test_a_scheduler_may_be_named_by_its_file(stack, tmp_path, cluster):
    file = tmp_path / "scheduler.json"
    file.write_text(json.dumps({"address": cluster}))
    done = embed(wanted(stack, tmp_path / "e.zarr", only=[0]), str(file))
    assert done.tiles == EmbedResult(9)


def test_workers_that_lack_a_package_are_named(stack, tmp_path, cluster, monkeypatch):
    (tmp_path / "only_here.py").write_text("def load(name, **_): ...")
    monkeypatch.syspath_prepend(str(tmp_path))
    import only_here

    jobs = wanted(stack, tmp_path / "e.zarr", only_here.load)
    with pytest.raises(JobError, match="No module named 'only_here'"):
        embed(jobs, cluster)


def test_an_address_where_nobody_answers(stack, tmp_path, monkeypatch):
    monkeypatch.setattr("napari_sam.jobs.cluster.PATIENCE", "1s")
    jobs = wanted(stack, tmp_path / "e.zarr")
    with pytest.raises(JobError, match="No Dask scheduler answers at tcp://127"):
        embed(jobs, "tcp://127.0.0.1:9")
    with pytest.raises(JobError, match=r"no scheduler file .*gone\.json"):
        embed(jobs, str(tmp_path / "gone.json"))


def test_without_dask_the_packages_are_named(stack, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingPackageError, match=r"pip install .* distributed"):
        embed(wanted(stack, tmp_path / "e.zarr"), "tcp://127.0.0.1:9")
