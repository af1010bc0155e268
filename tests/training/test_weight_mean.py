"""The mean of two sets of weights is a model again."""

import torch

from napari_sam import checkpoints, load_backend
from napari_sam.backends.weight_files import read_weights
from napari_sam.models.pocket import Pocket
from napari_sam.training.checkpoint_export import export
from napari_sam.training.weight_mean import write_weight_mean


def test_the_mean_lies_between_both_and_opens(tmp_path):
    before, after = checkpoints.path("pocket"), tmp_path / "after.safetensors"
    torch.manual_seed(0)
    export(Pocket(instances=True), after, {"architecture": "pocket", "steps": "3"})
    trained = read_weights(after).state
    write_weight_mean(before, after, after)
    old, mean = read_weights(before).state, read_weights(after)
    assert mean.state.keys() == trained.keys()
    for name, value in mean.state.items():
        if value.dtype.is_floating_point:
            both = (old[name].float() + trained[name].float()) / 2
            assert torch.allclose(value.float(), both, atol=1e-3, rtol=2e-3)
    assert mean.metadata["steps"] == "3"
    assert load_backend(checkpoint=after).spec.name == "pocket"
