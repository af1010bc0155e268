"""The same numbers as Meta's own code, which `freeze_official.py` has written down."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.backends.sam2.network import PointInputs
from napari_sam.backends.sam2.parameter_names import as_in_transformers, is_sam2
from napari_sam.core.embedding import Embedding
from napari_sam.core.mask import Mask

HERE, STEP = Path(__file__).parent, 4
SHAPES = json.loads((HERE / "official.json").read_text())
OFFICIAL = np.load(HERE / "official.npz")
#: The logit of pixels of an object that is not to be seen.
NOWHERE = -1024
#: A mask that takes nothing away from what was recalled.
EVERYWHERE = Mask.from_array(np.ones((128, 128), bool))


@pytest.fixture(scope="module", params=["sam2.1", "sam2"])
def version(request):
    return request.param


@pytest.fixture(scope="module")
def backend(version, make_official):
    return Sam2Backend(make_official(version), device="cpu", precision="float32")


@pytest.fixture(scope="module")
def network(backend):
    return backend.network


def close(found, name, start=0, share=1e-4):
    """To a share of the largest number, other than the logit of what is not seen."""
    found, expected = np.asarray(found), OFFICIAL[name][start:]
    atol = share * max(1, np.abs(expected[expected > NOWHERE]).max())
    np.testing.assert_allclose(found, expected[: len(found)], rtol=0, atol=atol)


def close_frames(found, name, start=0):
    """As `close` on the first frames; the last bits of sums grow from there on."""
    close(found[:4], name, start)
    assert len(found) + start == len(OFFICIAL[name])
    close(found, name, start, share=1e-3)


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


@pytest.fixture
def unrounded(backend, monkeypatch):
    """Memories as they are computed: the numbers written down are of such ones."""
    monkeypatch.setattr(backend._memory, "_kept", lambda features: features.numpy())


@pytest.mark.usefixtures("unrounded")
@pytest.mark.parametrize("which", [0, 1])
@torch.inference_mode()
def test_objects_are_followed(backend, network, version, squares, which):
    """Logits, presence and pointers on 18 frames, of an object that comes and goes."""
    rows, cols = ((20, 60), (30, 70)) if which == 0 else ((70, 110), (60, 120))
    mask = Mask.from_array(
        np.ones((rows[1] - rows[0], cols[1] - cols[0]), bool), top=rows[0], left=cols[0]
    )
    memories, logits, presence, pointers = [], [], [], []
    for at, square in enumerate(squares):
        levels = network.encode(square[None])._asdict()
        arrays = {name: x[0].numpy() for name, x in levels.items()}
        embedding = Embedding(arrays, tuple(square.shape[1:]))
        if at == 0:
            new = backend.memorize(embedding, [mask])
        else:
            aged = [m._replace(frames_ago=at - then) for then, m in memories]
            (found,) = backend.recall(embedding, [aged])
            new = backend.memorize(embedding, [EVERYWHERE], recalled=[found])
            logits.append(found.prediction.logits[::STEP, ::STEP])
            presence.append(found.arrays["presence"][0])
        memories.append((at, new[0]))
        pointers.append(new[0].arrays["pointer"][:8])
    expected = OFFICIAL[f"{version}.presence_{which}"][1:]
    assert (expected > 0).any()
    assert (expected < 0).any()
    close_frames(presence, f"{version}.presence_{which}", start=1)
    close_frames(logits, f"{version}.followed_{which}", start=1)
    close_frames(pointers, f"{version}.pointers_{which}")


@torch.inference_mode()
def test_memories_are_rounded_to_bfloat16_as_by_the_official_video_predictor(
    backend, network, squares, monkeypatch
):
    levels = network.encode(squares[:1])._asdict()
    arrays = {name: x[0].numpy() for name, x in levels.items()}
    embedding = Embedding(arrays, tuple(squares.shape[2:]))
    mask = Mask.from_array(np.ones((40, 40), bool), top=20, left=30)
    (kept,) = backend.memorize(embedding, [mask])
    monkeypatch.setattr(backend._memory, "_kept", lambda features: features.numpy())
    (exact,) = backend.memorize(embedding, [mask])
    expected = torch.from_numpy(exact.arrays["features"]).to(torch.bfloat16)
    found = torch.from_numpy(kept.arrays["features"])
    assert found.dtype == torch.float16  # which holds all of bfloat16 in this range
    assert torch.equal(found.to(torch.bfloat16), expected)
    assert not torch.equal(found.float(), torch.from_numpy(exact.arrays["features"]))
