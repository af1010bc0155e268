"""What version 1 wrote: opened, done again to the same bytes, and written as it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from napari_sam import Address, PromptableImage, Tiling
from napari_sam.core.progress import drain
from napari_sam.core.prompts import json_csv
from napari_sam.session import AnnotationSession, ImageIdentity
from napari_sam.session.persistence.record import Record, read_record
from napari_sam.session.persistence.recovery import find_journals, restore
from napari_sam.session.persistence.replay import replay
from napari_sam.testing import ThresholdBackend

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("plane", "movie")


def image_of(name, setup=None):
    """The image, cut as a setup says."""
    pixels = np.load(GOLDEN / f"{name}.npz")["pixels"]
    axes = "yx" if pixels.ndim == 2 else "tyx"
    tiling = Tiling() if setup is None else setup.tiling
    return PromptableImage(pixels, ThresholdBackend(), axes=axes, tiling=tiling)


def expected(name):
    return np.load(GOLDEN / f"{name}.npz")["labels"]


def replayed(record, name):
    return drain(replay(record, lambda setup: image_of(name, setup)))


def steps_of(text):
    return json.loads(text)["steps"]


@pytest.mark.parametrize("name", NAMES)
def test_a_record_of_version_1_replays_to_the_same_bytes(name):
    session = replayed(read_record(GOLDEN / f"{name}.session.json"), name)
    assert np.array_equal(session.labels, expected(name))
    known = json.loads((GOLDEN / f"{name}.state.json").read_text())
    assert sorted(session.objects) == known["objects"]
    assert len(session.history.done) == known["done"]


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_back_from_what_is_written_now(name):
    record = read_record(GOLDEN / f"{name}.session.json")
    again = Record.from_dict(json.loads(json.dumps(record.to_dict())))
    assert again == record
    session = replayed(again, name)
    assert np.array_equal(session.labels, expected(name))
    assert Record.of(session).steps == record.steps


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_of_version_1_restores_undo_included(name):
    path = GOLDEN / f"{name}.journal.jsonl"
    image = image_of(name)
    session = restore(path, image)
    known = json.loads((GOLDEN / f"{name}.state.json").read_text())
    assert np.array_equal(session.labels, expected(name))
    assert sorted(session.objects) == known["objects"]
    assert session.current == Address(*known["current"])
    history = session.history
    assert (len(history.done), len(history.undone)) == (known["done"], known["undone"])
    record = read_record(GOLDEN / f"{name}.session.json")
    assert tuple(step.action for step in history.done) == record.steps
    while session.undo():
        pass
    while len(history.done) < known["done"]:
        session.redo()
    assert np.array_equal(session.labels, expected(name))


@pytest.mark.parametrize("name", NAMES)
def test_a_journal_of_version_1_is_found(name, tmp_path):
    identity = ImageIdentity.of(image_of(name).frames)
    path = tmp_path / f"{identity.key}-1.jsonl"
    path.write_bytes((GOLDEN / f"{name}.journal.jsonl").read_bytes())
    (work,) = find_journals(identity, folder=tmp_path)
    known = json.loads((GOLDEN / f"{name}.state.json").read_text())
    assert (work.name, work.steps) == (name, known["done"])
    assert isinstance(restore(work.path, image_of(name)), AnnotationSession)


def test_prompts_of_version_1_are_read_and_have_the_same_digests():
    found = json_csv.from_json((GOLDEN / "prompts.json").read_text())
    digests = json.loads((GOLDEN / "digests.json").read_text())
    assert {f"{at.frame} {at.object_id}": p.digest for at, p in found.items()} == (
        digests
    )
    assert json_csv.from_json(json_csv.to_json(found)) == found


def test_csv_of_version_1_is_read_and_written_the_same():
    text = (GOLDEN / "prompts.csv").read_text()
    assert json_csv.to_csv(json_csv.from_csv(text)) == text
