"""What a run begins with."""

import pytest
import torch
from safetensors.torch import save_file

from napari_sam.core.errors import CheckpointError, TrainingError
from napari_sam.models.config import SamConfig, VitConfig
from napari_sam.models.pocket import Pocket
from napari_sam.models.sam import Sam
from napari_sam.training.initial_weights import initial_learner
from napari_sam.training.recipes import RECIPES, named_recipe

SMALL = SamConfig(
    VitConfig(24, 2, 3, (1,), window_size=3),
    image_size=64, prompt_dim=32, decoder_heads=8, decoder_mlp_dim=48, iou_head_dim=32,
)  # fmt: skip


@pytest.fixture
def saved(tmp_path):
    """A small transformer, in half precision as `train` writes it."""
    torch.manual_seed(1)
    model = Sam(SMALL)
    state = {k: v.half() for k, v in model.state_dict().items()}
    save_file(state, tmp_path / "small.safetensors")
    return tmp_path / "small.safetensors", state


def test_a_recipe_begins_from_nothing():
    recipe, learner = initial_learner("pocket")
    assert recipe == RECIPES["pocket"]
    assert learner.architecture == "pocket"
    again = initial_learner("pocket")[1].model.state_dict()
    for name, value in learner.model.state_dict().items():
        assert torch.equal(value, again[name])
    other = initial_learner("pocket", settings={"seed": "1"})[1].model.state_dict()
    name = "decoder.iou_token.weight"
    assert not torch.equal(learner.model.state_dict()[name], other[name])


def test_a_checkpoint_is_fine_tuned(saved):
    path, state = saved
    recipe, learner = initial_learner(checkpoint=path)
    assert recipe == named_recipe("vit_b", fine_tune=True)
    assert learner.architecture == "sam"
    for name, value in learner.model.state_dict().items():
        assert value.dtype == torch.float32
        assert torch.equal(value, state[name].float())


def test_a_checkpoint_is_trained_on_by_the_papers_recipe(saved):
    recipe, learner = initial_learner("vit_b", saved[0], settings={"drop_path": "0.5"})
    assert recipe.steps == RECIPES["vit_b"].steps
    assert learner.model.image_encoder.blocks[1].drop_path.rate == 0.5


def test_checkpointing_reaches_the_encoder(saved):
    _, learner = initial_learner(checkpoint=saved[0], checkpointing=True)
    assert learner.model.image_encoder.checkpointing


def test_a_recipe_of_another_architecture_is_refused(tmp_path):
    save_file(Pocket().state_dict(), tmp_path / "p.safetensors")
    with pytest.raises(CheckpointError, match="holds pocket, and the recipe"):
        initial_learner("vit_b", tmp_path / "p.safetensors")


def test_weights_of_something_else_are_refused(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(CheckpointError, match=r"x\.safetensors"):
        initial_learner(checkpoint=tmp_path / "x.safetensors")
    part = Pocket().state_dict()
    part.pop("decoder.mask_tokens.weight")
    save_file(part, tmp_path / "part.safetensors")
    with pytest.raises(CheckpointError, match="mask_tokens"):
        initial_learner(checkpoint=tmp_path / "part.safetensors")


def test_nothing_to_train_is_refused():
    with pytest.raises(TrainingError, match="give a recipe"):
        initial_learner()
