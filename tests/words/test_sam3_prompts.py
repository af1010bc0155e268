"""Points, boxes and masks as prompts to SAM 3: the numbers of its tracker's network."""

import numpy as np
import pytest
import torch

from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.model_prompts import Refinement
from napari_sam.testing import BackendTests

SHAPE = (90, 128)
IMAGE = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3), np.uint8)
PROMPTS = {
    "click": Prompts().point(30, 40),
    "box and click": Prompts().rectangle(10, 20, 60, 90).point(30, 40),
}


class TestSam3(BackendTests):
    @pytest.fixture(autouse=True)
    def _backend(self, sam3):
        self.sam3 = sam3

    def make_backend(self):
        return self.sam3


@pytest.fixture(scope="module")
def theirs(sam3):
    """`Sam3TrackerModel` of transformers with the same weights, an encoder and all."""
    from transformers import Sam3TrackerConfig, Sam3TrackerModel

    own = sam3.network.model
    config = Sam3TrackerConfig(
        vision_config=own.config.vision_config,
        prompt_encoder_config=own.config.prompt_encoder_config.to_dict(),
        mask_decoder_config=own.config.mask_decoder_config.to_dict(),
    )
    model = Sam3TrackerModel(config).eval()
    state = own.state_dict()
    missing = model.load_state_dict(state, strict=False).missing_keys
    assert not missing
    return model


def pixels(sam3):
    """The image as transformers' processor gives it: resized, then normalised."""
    x = torch.from_numpy(IMAGE).permute(2, 0, 1)[None].float() / 255
    side = (sam3.working_size, sam3.working_size)
    x = torch.nn.functional.interpolate(x, side, mode="bilinear", antialias=True)
    return (x - 0.5) / 0.5


@pytest.mark.parametrize("kind", PROMPTS)
@pytest.mark.parametrize("refined", [False, True])
@torch.inference_mode()
def test_masks_and_scores(sam3, theirs, kind, refined):
    prompts = PROMPTS[kind]
    points = [(p.row + 0.5, p.col + 0.5) for p in prompts.points]
    labels = [int(p.positive) for p in prompts.points]
    for box in prompts.boxes:
        points += [(box.top, box.left), (box.bottom, box.right)]
        labels += [2, 3]
    scale = sam3.working_size / np.array(SHAPE)
    xy = torch.tensor((np.array(points) * scale)[:, ::-1].copy()).float() - 0.5
    cells = sam3.network.cells
    previous = np.random.default_rng(3).normal(0, 30, (cells, cells)).astype(np.float32)
    mask = torch.from_numpy(previous.clip(-32, 32))[None, None] if refined else None
    seen = theirs.vision_encoder(pixels(sam3)).fpn_hidden_states
    levels = [
        theirs.mask_decoder.conv_s0(seen[0]),
        theirs.mask_decoder.conv_s1(seen[1]),
        seen[2] + theirs.no_memory_embedding.reshape(1, -1, 1, 1),
    ]
    expected = theirs(
        image_embeddings=levels,
        input_points=xy[None, None],
        input_labels=torch.tensor(labels)[None, None],
        input_masks=mask,
        multimask_output=kind == "click",
    )
    (embedding,) = sam3.encode([IMAGE])
    asked = Refinement(prompts, previous=previous if refined else None)
    (found,) = sam3._decode_rounds(sam3._prepare(embedding), [asked])
    np.testing.assert_allclose(
        found.logits, expected.pred_masks[0, 0].numpy(), atol=1e-4, rtol=1e-5
    )
    np.testing.assert_allclose(
        found.scores, expected.iou_scores[0, 0].numpy(), atol=1e-5
    )


def test_it_follows_nothing_through_films(sam3):
    assert sam3.spec.capabilities == frozenset()
