"""How each model is asked in training, beside how it is asked in use."""

import numpy as np
import pytest
import torch

from napari_sam.backends.sam import SamBackend
from napari_sam.core.prompts import Prompts
from napari_sam.models.config import SamConfig
from napari_sam.models.pocket import (
    BOTTOM_RIGHT,
    PADDING,
    POSITIVE,
    TOP_LEFT,
    DecoderOutput,
)
from napari_sam.models.sam import PromptInputs, Sam
from napari_sam.training.learner import MaskOutputs
from napari_sam.training.losses import iou
from napari_sam.training.recipes import RECIPES
from napari_sam.training.sam_learner import SamLearner
from napari_sam.training.simulated_prompts import PromptBatch


def said(xy, kinds, ambiguous, side=16):
    return PromptBatch(
        torch.tensor(xy, dtype=torch.float32),
        torch.tensor(kinds),
        torch.zeros(len(xy), side, side),
        torch.tensor(ambiguous),
    )


@pytest.fixture
def mixed():
    """A click, and a box with a click, in one batch; padding stands anywhere."""
    return said(
        [[[20, 30], [0, 0], [0, 0], [0, 0]], [[5, 6], [40, 50], [0, 0], [22, 25]]],
        [
            [POSITIVE, PADDING, PADDING, PADDING],
            [TOP_LEFT, BOTTOM_RIGHT, PADDING, POSITIVE],
        ],
        [True, False],
    )


def test_sam_in_training_answers_as_in_use(learner, mixed):
    """A wide image, padded: same embedding, same logits, same scores."""
    student = learner("sam")
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    square = torch.zeros(1, 3, 64, 64, dtype=torch.uint8)
    square[0, :, :48] = torch.from_numpy(image).permute(2, 0, 1)
    student.model.eval()
    with torch.no_grad():
        features = student.encode(square, torch.tensor([[48, 64]]))
        answer = student.decode((features[0].expand(2, -1, -1, -1),), mixed, None)
    backend = SamBackend(student.model, precision="float32", device="cpu")
    embedding = backend.encode([image])[0]
    np.testing.assert_allclose(features[0][0].numpy(), embedding["image"], atol=1e-4)
    click = backend.decode(embedding, [Prompts.point(29.5, 19.5)])[0]
    chosen = answer.chosen(mixed.ambiguous)
    np.testing.assert_allclose(
        answer.logits[0, chosen[0], :12].numpy(), click.logits, atol=1e-3
    )
    assert answer.scores[0, chosen[0]].item() == pytest.approx(click.score, abs=1e-4)
    places = torch.tensor([[22.0, 25], [5, 6], [40, 50]]) - 0.5
    with torch.no_grad():
        boxed = PromptInputs(places, torch.tensor([1, 2, 3]))
        logits, scores = student.sam.decode(features[0][0], [boxed], multimask=False)
    assert chosen[1] == 0
    torch.testing.assert_close(answer.logits[1, 0], logits[0, 0], atol=1e-3, rtol=0)
    torch.testing.assert_close(answer.scores[1, 0], scores[0, 0], atol=1e-4, rtol=0)


def test_sam_hears_its_last_answer(learner, mixed):
    student = learner("sam")
    features = (torch.randn(2, 32, 4, 4),)
    alone = student.decode(features, mixed, None).logits
    heard = student.decode(features, mixed, torch.randn(2, 16, 16)).logits
    assert not torch.allclose(alone, heard)


def test_only_the_best_candidate_of_an_ambiguous_prompt_learns(learner):
    student, recipe = learner("sam"), RECIPES["vit_b"]
    truth = torch.zeros(2, 1, 16, 16)
    truth[..., 4:12, 4:12] = 1
    logits = torch.randn(2, 4, 16, 16)
    logits[:, 2] = (truth[:, 0] - 0.5) * 4
    logits.requires_grad_()
    asked = said([[[8, 8]]] * 2, [[POSITIVE]] * 2, [True, False])
    answer = MaskOutputs(logits, torch.zeros(2, 4), first=1)
    student.loss(answer, truth, asked, recipe).sum().backward()
    felt = logits.grad.abs().sum((2, 3)) > 0
    assert felt.tolist() == [[False, False, True, False], [True, False, False, False]]


def test_an_ambiguous_prompt_trains_pockets_best_candidate_most(learner):
    truth = torch.zeros(1, 1, 64, 64)
    truth[..., 20:44, 12:50] = 1
    logits = torch.zeros(1, 4, 64, 64)
    logits[:, 2] = (truth[:, 0] - 0.5) * 4
    logits.requires_grad_()
    decoded = DecoderOutput(
        logits,
        torch.zeros(1, 4),
        torch.zeros(1, 4),
        torch.zeros(1, 4, 16, 16),
        torch.zeros(1, 4, 8, 8),
    )
    answer = MaskOutputs(logits, decoded.scores, decoder_output=decoded)
    asked = said([[[0, 0]]], [[PADDING]], [True])
    learner().loss(answer, truth, asked, RECIPES["pocket"]).sum().backward()
    felt = logits.grad.abs().sum((0, 2, 3))
    per_error = felt / (1 - iou(logits, truth)[0] + 0.1)
    assert per_error[2] == max(per_error[1:])


def test_scores_learn_what_masks_reach(learner):
    student, recipe = learner("sam"), RECIPES["vit_b"]
    truth = torch.ones(1, 1, 16, 16)
    logits = torch.ones(1, 4, 16, 16)
    asked = said([[[8, 8]]], [[POSITIVE]], [False])
    costs = [
        student.loss(
            MaskOutputs(logits, torch.full((1, 4), s)), truth, asked, recipe
        ).item()
        for s in (1.0, 0.5, 0.0)
    ]
    assert costs[1] - costs[0] == pytest.approx(0.25)
    assert costs[2] - costs[0] == pytest.approx(1.0)


def test_batch_norms_of_mobile_sam_keep_their_statistics():
    student = SamLearner(Sam(SamConfig.tiny_vit_t()), "vit_t")
    student.train()
    norms = [m for m in student.model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert norms
    assert not any(n.training for n in norms)
    assert student.model.image_encoder.training
