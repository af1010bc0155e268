"""Of what was learnt, the share is kept that does not forget."""

import pytest
import torch

from napari_sam import checkpoints
from napari_sam.backends.weight_files import read_weights
from napari_sam.models.pocket import Pocket
from napari_sam.training import weight_share
from napari_sam.training.checkpoint_export import export
from napari_sam.training.weight_share import Overlaps, choose_share, keep_share

BEFORE = checkpoints.path("pocket")


@pytest.mark.parametrize(
    ("whole", "chosen"),
    [
        (Overlaps(0.7, 0.595), 1.0),  # hardly forgets
        (Overlaps(0.7, 0.58), 0.5),  # forgets
        (Overlaps(0.55, 0.6), 0.5),  # learnt less than its half
    ],
)
def test_the_best_share_is_kept_that_does_not_forget(whole, chosen):
    found = {0.0: Overlaps(0.5, 0.6), 0.5: Overlaps(0.6, 0.6), 1.0: whole}
    assert choose_share(found) == chosen


def test_where_nothing_is_better_nothing_is_kept():
    found = {0.0: Overlaps(0.5, 0.6), 0.5: Overlaps(0.5, 0.7), 1.0: Overlaps(0.8, 0.5)}
    assert choose_share(found) == 0.0


@pytest.fixture
def trained(tmp_path):
    path = tmp_path / "after.safetensors"
    torch.manual_seed(0)
    export(Pocket(instances=True), path, {"architecture": "pocket", "steps": "3"})
    return path


def distance(one, other):
    a, b = (
        read_weights(path).state["decoder.iou_token.weight"] for path in (one, other)
    )
    return float((a.float() - b.float()).norm())


def test_weights_are_moved_back_once(trained, monkeypatch):
    """The measured figures are made up: a quarter is the best that forgets little."""
    whole = distance(BEFORE, trained)

    def measured(path, *_):
        share = distance(BEFORE, path) / whole
        return Overlaps(0.5 + share, 0.6 - 0.03 * share)

    monkeypatch.setattr(weight_share, "_measured", measured)
    monkeypatch.setattr(weight_share, "_batches", lambda *_: [])
    kept = keep_share(BEFORE, trained, [(1.0, object())])
    assert kept.share == 0.25
    assert kept.before == Overlaps(0.5, 0.6)
    assert kept.after.held == pytest.approx(0.75, abs=1e-3)
    assert distance(BEFORE, trained) == pytest.approx(whole / 4, rel=1e-2)
    assert read_weights(trained).metadata["share"] == "0.25"
    assert keep_share(BEFORE, trained, [(1.0, object())]) is None
    assert distance(BEFORE, trained) == pytest.approx(whole / 4, rel=1e-2)


def test_what_is_as_it_was_before_is_not_measured_again(tmp_path):
    same = tmp_path / "same.safetensors"
    export(Pocket(instances=True), same, {"architecture": "pocket", "steps": "0"})
    held = [(1.0, None)]  # a source that nobody may ask
    assert keep_share(BEFORE, same, held).share == 0.0
    assert "share" not in read_weights(same).metadata


def test_with_nothing_to_measure_on_half_is_kept(trained):
    whole = distance(BEFORE, trained)
    assert keep_share(BEFORE, trained, []) is None
    assert distance(BEFORE, trained) == pytest.approx(whole / 2, rel=1e-2)
