"""All objects of stacks and folders, by workers: the same bytes however many."""

import numpy as np
import pytest
import tifffile

from napari_sam import PromptableImage, Tiling, read_image
from napari_sam.automatic import (
    AutomaticSettings,
    EverythingSettings,
    Examples,
    instance_finder,
    iter_candidates,
)
from napari_sam.automatic.descriptors import Descriptors
from napari_sam.automatic.similar import example_candidates
from napari_sam.core.progress import drain
from napari_sam.image.settings import TilingSettings
from napari_sam.jobs import (
    EverythingFolderJob,
    EverythingJob,
    Executor,
    Failure,
    ImageSpec,
    ModelSpec,
    PromptableSettings,
    everything_images,
    iter_everything_folder,
)
from napari_sam.testing import InstanceThresholdBackend


def model():
    """A model that workers find by its name, as the conftest lets them."""
    from models_of_jobs import finding

    return ModelSpec(finding, "finding")


def found_by(path, executor, settings=None):
    frames = read_image(path).frames
    image = PromptableImage(frames, model().open(), tiling=Tiling())
    spec = ImageSpec.of(image, str(path), model())
    job = EverythingJob.of(image, spec, settings or AutomaticSettings())
    ready = []
    for _ in everything_images([job], executor, ready=lambda _, m: ready.append(m)):
        pass
    return ready[0]


def test_workers_find_what_one_process_finds(stack, monkeypatch):
    here = found_by(stack, Executor())
    assert len(here) == 6 * 4
    assert [at.object_id for at in sorted(here)] == list(range(1, 25))
    assert found_by(stack, Executor(workers=2)) == here


def test_blocks_of_a_plane_are_tasks(stack, monkeypatch):
    whole = found_by(stack, Executor())
    monkeypatch.setattr(instance_finder, "_BLOCK", 64)
    monkeypatch.setattr(instance_finder, "_MARGIN", 48)
    assert found_by(stack, Executor()) == whole


def test_a_worker_draws_a_tile_once_for_all_blocks(stack, monkeypatch):
    drawn = []
    exact = InstanceThresholdBackend.instance_maps

    def counted(self, embedding):
        drawn.append(1)
        return exact(self, embedding)

    monkeypatch.setattr(InstanceThresholdBackend, "instance_maps", counted)
    monkeypatch.setattr(instance_finder, "_BLOCK", 64)
    monkeypatch.setattr(instance_finder, "_MARGIN", 48)
    found_by(stack, Executor())
    assert len(drawn) == 6


def test_a_model_that_fails_is_named(stack):
    frames = read_image(stack).frames
    image = PromptableImage(frames, model().open(), tiling=Tiling())
    spec = ImageSpec.of(image, "gone.tif", model())
    job = EverythingJob.of(image, spec, AutomaticSettings(), frames=[0])
    ready = []
    for _ in everything_images([job], Executor(), ready=lambda _, m: ready.append(m)):
        pass
    assert isinstance(ready[0], Failure)
    assert "gone.tif" in ready[0].reason


@pytest.fixture
def folder(tmp_path, stack):
    """Two images of a plane, and one that is broken."""
    images = tmp_path / "images"
    images.mkdir()
    for k in range(2):
        tifffile.imwrite(images / f"{k}.tif", tifffile.imread(stack)[k])
    (images / "broken.tif").write_text("no image")
    return images


def on_folder(folder, name="out", executor=None, settings=None):
    automatic = settings or AutomaticSettings()
    shown = PromptableSettings(tiling=TilingSettings(tile=0))
    job = EverythingFolderJob(folder, folder.parent / name, model(), automatic, shown)
    work = iter_everything_folder(job, executor, backend=model().open())
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return {outcome.path.name: outcome for outcome in stop.value}


def test_a_folder_goes_on_where_it_was(folder):
    first = on_folder(folder)
    assert {name: one.state for name, one in first.items()} == {
        "0.tif": "written", "1.tif": "written", "broken.tif": "failed"
    }  # fmt: skip
    labels = tifffile.imread(folder.parent / "out" / "0.tif")
    assert np.unique(labels).tolist() == [0, 1, 2, 3, 4]
    assert on_folder(folder)["0.tif"].state == "there"
    other = AutomaticSettings(find=EverythingSettings(method="grid", points=4))
    assert on_folder(folder, settings=other)["0.tif"].state == "written"


def test_two_workers_write_the_bytes_of_one(folder):
    on_folder(folder, "one", Executor(workers=1))
    on_folder(folder, "two", Executor(workers=2))
    for name in ("0.tif", "1.tif"):
        one, two = (folder.parent / where / name for where in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()


def test_two_workers_find_what_is_similar_as_one_does(folder):
    pixels = tifffile.imread(folder / "0.tif")
    image = PromptableImage(pixels, model().open(), tiling=Tiling())
    found = list(drain(iter_candidates(image)).found.masks)
    own = example_candidates(image, 0, [found[0].mask])
    rows = own.descriptors
    examples = Examples.of(rows, Descriptors.joined([]), rows)
    for name, executor in (("one", Executor()), ("two", Executor(workers=2))):
        settings = PromptableSettings(tiling=TilingSettings(tile=0))
        job = EverythingFolderJob(
            folder, folder.parent / name, model(), settings=settings, examples=examples
        )
        drain(iter_everything_folder(job, executor, backend=model().open()))
    for name in ("0.tif", "1.tif"):
        one, two = (folder.parent / where / name for where in ("one", "two"))
        assert tifffile.imread(one).any()
        assert one.read_bytes() == two.read_bytes()
