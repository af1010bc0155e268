"""The instance head learns from labels, resumes exactly, and is part of its file."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from napari_sam.backends.pocket import PocketBackend, open_pocket
from napari_sam.core.errors import CheckpointError, ModelError, TrainingError
from napari_sam.models.pocket import HEAD, Pocket, PocketConfig
from napari_sam.testing import InstanceTests
from napari_sam.training.example_sources import SyntheticSource
from napari_sam.training.initial_weights import (
    initial_instance_learner,
    initial_learner,
)
from napari_sam.training.instance_data import InstanceBatches
from napari_sam.training.instance_learner import InstanceLearner
from napari_sam.training.instance_targets import instance_targets
from napari_sam.training.instance_trainer import InstanceTrainer
from napari_sam.training.loop import Trainer
from napari_sam.training.pocket_learner import PocketLearner
from napari_sam.training.recipes import INSTANCES, named_recipe
from napari_sam.training.trainable import set_trainable
from napari_sam.training.training_run import iter_train

DRAWN = [(1.0, SyntheticSource())]
SMALL = INSTANCES.changed(
    {"steps": "4", "images": "2", "crop": "96", "warmup": "1", "average": "0.5"}
)


def learner(seed=0):
    torch.manual_seed(seed)
    model = Pocket(PocketConfig.tiny(), instances=True)
    found = InstanceLearner(model)
    for name, part in found.components().items():
        part.requires_grad_(name == "instances")
    return found


class TestPocketInstances(InstanceTests):
    def make_backend(self):
        torch.manual_seed(0)
        model = Pocket(PocketConfig.tiny(), instances=True).eval()
        return PocketBackend(model, device="cpu")


def test_targets_are_shares_of_each_object():
    labels = np.zeros((20, 30), np.int32)
    labels[2:13, 3:14], labels[5:8, 20:23] = 1, 2
    maps, touching = instance_targets(labels)
    assert maps.dtype == np.float32
    np.testing.assert_array_equal(maps[0] > 0, labels > 0)
    for k, centre in ((1, (7, 8)), (2, (6, 21))):
        inside = labels == k
        assert maps[1][inside].max() == maps[2][inside].max() == 1
        assert maps[1][centre] == maps[2][centre] == 1
        assert maps[2][inside].min() == 0
    assert not maps[1:, labels == 0].any()
    assert not touching.any()


def test_pixels_where_objects_touch_are_marked():
    labels = np.zeros((20, 20), np.int32)
    labels[4:16, 4:10], labels[4:16, 10:16] = 1, 2
    maps, touching = instance_targets(labels)
    assert touching[10, 8:12].all()
    assert not touching[10, 4]
    assert maps[1][10, 10] < 0.5  # a boundary, though there is foreground beyond


def test_batches_are_a_function_of_seed_and_step():
    def batch(step):
        batches = InstanceBatches(DRAWN, SMALL, 0, 4, size=96, scale=lambda *_: 1.0)
        return batches.batch(step)

    first, again = batch(1), batch(1)
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first.images, batch(2).images)
    assert first.maps.shape == (2, 3, 48, 48)
    assert first.weights.max() <= 3


def test_only_the_head_learns_and_the_loss_falls():
    trained = learner()
    before = {k: v.clone() for k, v in trained.model.state_dict().items()}
    recipe = SMALL.changed({"steps": "12", "rate": "0.005", "seed": "1"})
    trainer = InstanceTrainer(recipe, DRAWN, trained)
    batch = trainer.batches(DRAWN, 0, 1).batch(0)
    losses = [float(trainer._step(batch).loss) for _ in range(12)]
    assert losses[-1] < 0.9 * losses[0]
    changed = {
        k
        for k, v in trained.model.state_dict().items()
        if not torch.equal(v, before[k])
    }
    assert changed
    assert all(name.startswith(HEAD) for name in changed)


def test_a_resumed_run_ends_as_an_uninterrupted_one(tmp_path):
    whole, half = tmp_path / "whole.safetensors", tmp_path / "half.safetensors"
    drain_all(iter_train(SMALL, learner(), DRAWN, whole, parts="instances"))
    work = iter_train(SMALL, learner(), DRAWN, half, parts="instances")
    for _ in range(2):
        next(work)
    work.close()
    drain_all(iter_train(SMALL, learner(5), DRAWN, half, parts="instances"))
    first, second = load_file(whole), load_file(half)
    assert all(torch.equal(first[k], second[k]) for k in first)
    assert any(k.startswith(HEAD) for k in first)


def drain_all(work):
    for _ in work:
        pass


def test_validation_gives_shares():
    trainer = InstanceTrainer(SMALL, DRAWN, learner())
    report = trainer.measure(trainer.batches_to_measure(DRAWN, 2))
    assert 0 <= report.first <= 1
    assert 0 <= report.last <= 1


def test_weights_without_a_head_are_given_one(tmp_path):
    bare = tmp_path / "bare.safetensors"
    save_file(
        {k: v.contiguous() for k, v in Pocket().state_dict().items()},
        bare,
        metadata={"architecture": "pocket"},
    )
    recipe, found = initial_instance_learner(bare, settings={"steps": "7"})
    assert recipe.steps == 7
    assert found.pocket.instances is not None
    backend = open_pocket(bare)
    (embedding,) = backend.encode([np.zeros((32, 32, 3), np.uint8)])
    with pytest.raises(ModelError, match="no instance head"):
        backend.instance_maps(embedding)


def test_only_pocket_has_features_for_a_head(tmp_path):
    other = tmp_path / "sam.safetensors"
    save_file({"image_encoder.x": torch.zeros(1)}, other)
    with pytest.raises(CheckpointError):
        initial_instance_learner(other)


def test_a_head_changes_no_embedding(tmp_path):
    """Stores of embeddings stay valid: the fingerprint is of the rest."""
    torch.manual_seed(0)
    bare = Pocket(PocketConfig.tiny())
    state = bare.state_dict()
    headed = Pocket(PocketConfig.tiny(), instances=True)
    headed.load_state_dict(state, strict=False)
    one, other = (PocketBackend(m.eval(), device="cpu") for m in (bare, headed))
    assert one.fingerprint == other.fingerprint
    assert "instances" in other.spec.capabilities
    assert "instances" not in one.spec.capabilities


def together(instances, model=None):
    """Return a trainer of the whole model, the instance head included or not."""
    recipe = named_recipe("pocket").changed(
        {"steps": "40", "images": "2", "objects": "1", "crop": "64", "warmup": "1",
         "large_share": "0", "instances": str(instances), "rate": "0.005"}
    )  # fmt: skip
    torch.manual_seed(0)
    trained = PocketLearner(model or Pocket(PocketConfig.tiny(), instances=True))
    set_trainable(trained, "all", with_instances=recipe.instances > 0)
    return Trainer(recipe, DRAWN, trained)


def test_the_head_learns_together_with_the_rest():
    trainer = together(1)
    batch = trainer.batches(DRAWN, 0, 1).batch(0)

    @torch.no_grad()
    def loss():
        learning = trainer.learner
        features = learning.encode(batch.images, batch.shapes)
        return float(learning.instance_loss(features, batch.instances).mean())

    before = loss()
    for _ in range(12):
        trainer._step(batch)
    assert loss() < 0.9 * before


def test_the_encoder_learns_from_the_head():
    """A step with the loss of the head moves the encoder otherwise than one without."""
    moved = []
    for instances in (0, 1):
        trainer = together(instances)
        trainer._step(trainer.batches(DRAWN, 0, 1).batch(0))
        moved.append(
            {k: p.grad.clone() for k, p in trainer.model.named_parameters()
             if p.grad is not None}
        )  # fmt: skip
    plain, joint = moved
    assert not any(name.startswith(HEAD) for name in plain)
    assert all(joint[f"{HEAD}{k}"].any() for k in ("in16.weight", "out2.weight"))
    first = "encoder.stem.0.weight"
    assert not torch.allclose(plain[first], joint[first])


def test_the_head_stays_unless_it_is_asked_for():
    trainer = together(0)
    batch = trainer.batches(DRAWN, 0, 1).batch(0)
    assert batch.instances is None
    before = {k: v.clone() for k, v in trainer.model.instances.state_dict().items()}
    trainer._step(batch)
    after = trainer.model.instances.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items())


def test_a_model_without_a_head_says_so():
    trainer = together(1, Pocket(PocketConfig.tiny()))
    with pytest.raises(TrainingError, match="no instance head"):
        trainer._step(trainer.batches(DRAWN, 0, 1).batch(0))


def test_a_new_model_is_given_a_head_when_it_is_to_learn():
    _, found = initial_learner("pocket", settings={"instances": "1"})
    assert found.pocket.instances is not None
    _, found = initial_learner("pocket")
    assert found.pocket.instances is None
