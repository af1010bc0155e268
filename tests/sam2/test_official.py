"""The same numbers as Meta's own code, which `freeze_official.py` has written down."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.network import PointInputs
from napari_sam.backends.sam2.parameter_names import as_in_transformers, is_sam2

HERE, STEP = Path(__file__).parent, 4
SHAPES = json.loads((HERE / "official.json").read_text())
OFFICIAL = np.load(HERE / "official.npz")


@pytest.fixture(scope="module", params=["sam2.1", "sam2"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def network(version, make_official):
    return Sam2Backend(
        make_official(version), device="cpu", precision="float32"
    ).network


def close(found, name):
    expected = OFFICIAL[name]
    atol = 1e-4 * max(1, np.abs(expected).max())
    np.testing.assert_allclose(np.asarray(found), expected, rtol=0, atol=atol)


@torch.inference_mode()
def test_prompts_on_an_image(network, version, squares):
    levels = network.encode(squares[:1])
    features = network.without_memory(levels)
    click = PointInputs(torch.tensor([[[30.0, 50.0]]]), torch.ones(1, 1).long())
    one = network.decode(levels, features, click, None, multimask=True)
    close(one.logits[0, :, ::STEP, ::STEP], f"{version}.click")
    close(one.scores[0], f"{version}.click_scores")
    corners = torch.tensor([[[20.0, 30.0], [90.0, 100.0], [40.0, 60.0]]])
    box = PointInputs(corners, torch.tensor([[2, 3, 1]]))
    two = network.decode(levels, features, box, one.logits[:, :1], multimask=False)
    close(two.logits[0, :, ::STEP, ::STEP], f"{version}.box")
    close(two.scores[0], f"{version}.box_scores")


def test_official_names_become_those_of_transformers_once(version, official_state):
    state = official_state(version)
    assert is_sam2(state)
    renamed = as_in_transformers(state)
    assert is_sam2(renamed)
    again = as_in_transformers(renamed)
    assert again.keys() == renamed.keys()
    assert sum(v.numel() for v in state.values()) == (
        sum(v.numel() for v in renamed.values())
        - renamed["shared_image_embedding.positional_embedding"].numel()
    )
