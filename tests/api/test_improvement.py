"""A model learns from a session, in a process of its own; a better one is kept."""

from itertools import islice

import numpy as np
import pytest
from skimage.io import imsave

import napari_sam as sam
from napari_sam import AnnotationSession, Frames, PromptableImage, checkpoints
from napari_sam.api import improvement
from napari_sam.api.improvement import (
    Accuracy,
    Improvement,
    ImproveSettings,
    improve_model,
    iter_improve,
)
from napari_sam.core.errors import ModelError, TrainingError
from napari_sam.core.home import home
from napari_sam.datasets import read_labelled_images
from napari_sam.synthetic import draw_scene


@pytest.fixture(scope="module")
def pocket():
    return sam.load_backend("pocket")


@pytest.fixture
def session(pocket):
    scene = draw_scene(5000, size=160)
    image = PromptableImage(Frames(scene.image, "yxc"), pocket)
    made = AnnotationSession(image, labels=scene.labels.astype(np.int32))
    assert len(made.state.footprints) >= 12
    return made


def test_a_model_learns_in_its_process_and_is_compared(session):
    seen = []
    found = improve_model(
        session, "mine", settings=ImproveSettings(steps=1), report=seen.append
    )
    learning = [p for p in seen if p.what == "learning from your corrections"]
    assert [(p.done, p.total) for p in learning] == [(0, 1), (1, 1), (1, 1)]
    assert found.objects >= 1
    assert all(0 <= value <= 1 for value in (*found.before, *found.after))
    is_listed = "mine" in {m.name for m in checkpoints.models()}
    assert is_listed == (found.name == "mine") == (found.after.mean > found.before.mean)
    assert list((home() / "improvements").iterdir()) == []


def test_a_model_learns_from_what_was_reviewed(tmp_path, pocket, monkeypatch):
    """What was accepted on two images is learnt, and a part of it held back."""
    (tmp_path / "images").mkdir()
    for name, seed in (("a", 5000), ("b", 5001)):
        imsave(
            tmp_path / "images" / f"{name}.png",
            draw_scene(seed, size=160, kind="nuclei").image,
        )
    dataset = sam.label(tmp_path / "images", tmp_path / "out", model=pocket)
    with pytest.raises(TrainingError, match="0 masks of yours"):
        improve_model(dataset, "mine")
    reviewed = dataset.items()[1:]
    for item in reviewed:
        dataset.accept(item)
    seen = {}

    def train(folder, *_):
        for part in ("learnt", "held"):
            found = read_labelled_images(folder / part)
            seen[part] = [np.unique(one.truth.labels)[1:].size for one in found]
        yield from ()
        return {"before": [0.5] * 3, "after": [0.4] * 3, "objects": sum(seen["held"])}

    monkeypatch.setattr(improvement, "_iter_train", train)
    found = improve_model(dataset, "mine")
    assert (found.name, found.objects) == (None, sum(seen["held"]))
    assert len(seen["learnt"]) == 2
    assert min([*seen["learnt"], *seen["held"]]) > 0
    assert len(reviewed) // 2 < sum(map(sum, seen.values())) <= len(reviewed)


#: A process that says something, and writes down that it was asked to end.
PATIENT = """
import json, pathlib, signal, sys, time

def end(*_):
    pathlib.Path(json.loads(sys.argv[1])["folder"], "saved").touch()
    sys.exit(1)

signal.signal(signal.SIGTERM, end)
print(json.dumps({"what": "learning", "done": 1, "total": 9}), flush=True)
time.sleep(60)
"""


def test_who_stops_it_goes_on_from_there(session, monkeypatch, tmp_path):
    (tmp_path / "patient.py").write_text(PATIENT)
    monkeypatch.setattr(improvement, "_PROCESS", "patient")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}")
    for _ in range(2):
        work = iter_improve(session, "mine")
        assert [p.what for p in islice(work, 2)][1] == "learning"
        work.close()
        (folder,) = (home() / "improvements").iterdir()
        assert (folder / "saved").exists()
        assert len(list((folder / "learnt" / "images").iterdir())) == 1


@pytest.fixture
def trained(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    improved = folder / "improved.safetensors"
    improved.write_bytes(checkpoints.path("pocket").read_bytes())
    return folder


def told(after):
    return {"before": [0.5, 0.6, 0.7], "after": after, "objects": 9}


def test_a_better_model_is_listed_under_its_name(trained):
    found = improvement._kept_if_better(trained, "mine", told([0.6, 0.6, 0.7]))
    assert found == Improvement(
        "mine", Accuracy(0.5, 0.6, 0.7), Accuracy(0.6, 0.6, 0.7), 9
    )
    assert str(found) == (
        "IoU on 9 objects held back: one click 0.50 → 0.60, box 0.60 → 0.60, five "
        "clicks 0.70 → 0.70."
    )
    entry = checkpoints.find("mine")
    assert entry.own
    assert "0.50 → 0.60" in entry.good_for
    assert not trained.exists()


def test_one_that_is_no_better_is_dropped(trained):
    found = improvement._kept_if_better(trained, "mine", told([0.6, 0.5, 0.7]))
    assert found.name is None
    assert str(found).endswith("No better, so it was dropped.")
    assert "mine" not in {m.name for m in checkpoints.models()}


def test_from_few_masks_nothing_is_learnt(session):
    few = AnnotationSession(session.image)
    with pytest.raises(TrainingError, match=r"0 masks of yours.*at least 12.*12 more"):
        improve_model(few, "mine")


def test_the_name_of_another_model_is_refused_before_anything_is_done(session):
    with pytest.raises(ModelError, match="'pocket' is the name of another model"):
        improve_model(session, "pocket")


def test_what_went_wrong_in_the_process_is_said(session, tmp_path):
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(b"no weights")
    with pytest.raises(TrainingError, match=r"could not be improved: .*damaged"):
        improve_model(session, "mine", model=damaged)


def test_a_process_that_is_killed_is_no_result(session, monkeypatch):
    monkeypatch.setattr(improvement, "_PROCESS", "napari_sam.nowhere")
    with pytest.raises(TrainingError, match="ended with code 1"):
        improve_model(session, "mine", settings=ImproveSettings(steps=1))
