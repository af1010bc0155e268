"""The same masks as `Sam2Model` of transformers, for each kind of prompt."""

import numpy as np
import pytest
import torch

from napari_sam.backends.sam2.backend import Sam2Backend
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.model_prompts import Refinement

SHAPE = (90, 128)
IMAGE = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3), np.uint8)
PROMPTS = {
    "click": Prompts().point(30, 40),
    "clicks": Prompts().point(30, 40).point(10, 20, positive=False).point(50, 60),
    "box": Prompts().rectangle(10, 20, 60, 90),
    "box and click": Prompts().rectangle(10, 20, 60, 90).point(30, 40),
}


@pytest.fixture(scope="module")
def both(make_model):
    """Our backend, and the model of transformers with the same weights."""
    from transformers import Sam2Config, Sam2Model

    model = make_model(seed=5)
    config = Sam2Config(
        vision_config=model.config.vision_config,
        prompt_encoder_config=model.config.prompt_encoder_config.to_dict(),
        mask_decoder_config=model.config.mask_decoder_config.to_dict(),
    )
    theirs = Sam2Model(config).eval()
    missing = theirs.load_state_dict(model.state_dict(), strict=False).missing_keys
    assert not missing
    return Sam2Backend(model, device="cpu", precision="float32"), theirs


def pixels(backend):
    """The image as transformers' processor gives it: resized, then normalised."""
    x = torch.from_numpy(IMAGE).permute(2, 0, 1)[None].float() / 255
    side = (backend.working_size, backend.working_size)
    x = torch.nn.functional.interpolate(x, side, mode="bilinear", antialias=True)
    mean, std = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return (x - torch.tensor(mean)[:, None, None]) / torch.tensor(std)[:, None, None]


def in_the_square(backend, points):
    """Points (row, col) of the image as x and y of the square, for transformers."""
    scale = backend.working_size / np.array(SHAPE)
    return torch.tensor((np.array(points) * scale)[:, ::-1].copy()).float()


@pytest.mark.parametrize("kind", PROMPTS)
@pytest.mark.parametrize("refined", [False, True])
@torch.inference_mode()
def test_masks_and_scores(both, kind, refined):
    backend, theirs = both
    prompts = PROMPTS[kind]
    points = [(p.row + 0.5, p.col + 0.5) for p in prompts.points]
    labels = [int(p.positive) for p in prompts.points]
    for box in prompts.boxes:
        points += [(box.top, box.left), (box.bottom, box.right)]
        labels += [2, 3]
    grid = backend.working_size // 4
    previous = np.random.default_rng(3).normal(0, 30, (grid, grid)).astype(np.float32)
    mask = torch.from_numpy(previous.clip(-32, 32))[None, None] if refined else None
    expected = theirs(
        pixel_values=pixels(backend),
        input_points=in_the_square(backend, points)[None, None] - 0.5,
        input_labels=torch.tensor(labels)[None, None],
        input_masks=mask,
        multimask_output=kind == "click",
    )
    (embedding,) = backend.encode([IMAGE])
    asked = Refinement(prompts, previous=previous if refined else None)
    (found,) = backend._decode_rounds(backend._prepare(embedding), [asked])
    np.testing.assert_allclose(
        found.logits, expected.pred_masks[0, 0].numpy(), atol=1e-4, rtol=1e-5
    )
    np.testing.assert_allclose(
        found.scores, expected.iou_scores[0, 0].numpy(), atol=1e-5
    )


def test_boxes_by_their_corners_are_boxes(both):
    """transformers takes boxes in a field of their own, to the same effect."""
    backend, theirs = both
    corners = in_the_square(backend, [(10, 20), (60, 90)]) - 0.5
    with torch.inference_mode():
        expected = theirs(
            pixel_values=pixels(backend),
            input_boxes=corners.reshape(1, 1, 4),
            multimask_output=False,
        )
    (embedding,) = backend.encode([IMAGE])
    (found,) = backend.decode(embedding, [PROMPTS["box"]])
    np.testing.assert_allclose(
        found.logits, expected.pred_masks[0, 0, 0].numpy(), atol=1e-4, rtol=1e-5
    )
