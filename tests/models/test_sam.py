"""What holds for the models beside being equal to the reference."""

from __future__ import annotations

import pytest
import torch

from napari_sam.models.config import SamConfig
from napari_sam.models.sam import PromptInputs, Sam, build_sam
from napari_sam.models.tiny_vit import for_inference

CONFIGS = {"vit": SamConfig.tiny(), "tiny_vit": SamConfig.tiny_vit_t()}


def shaken(config: SamConfig) -> Sam:
    torch.manual_seed(0)
    model = build_sam(config)
    with torch.no_grad():
        for x in model.state_dict().values():
            if x.is_floating_point():
                x.add_(0.02 * torch.randn_like(x))
    return model


@pytest.fixture(scope="module", params=list(CONFIGS))
def model(request: pytest.FixtureRequest) -> Sam:
    return shaken(CONFIGS[request.param])


@pytest.fixture(scope="module")
def pixels() -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.rand(2, 3, 200, 256, generator=generator) * 255


def spoken(seed: int, n: int, *, box: bool = False, mask: bool = False) -> PromptInputs:
    generator = torch.Generator().manual_seed(seed)
    labels = [1] * n + [2, 3] * box
    return PromptInputs(
        torch.rand(len(labels), 2, generator=generator) * 256,
        torch.tensor(labels),
        torch.randn(1, 64, 64, generator=generator) if mask else None,
    )


MIXTURE = [
    spoken(0, 1),
    spoken(1, 3),
    spoken(2, 1, box=True),
    spoken(3, 3, mask=True),
    spoken(4, 0, box=True),
    spoken(5, 3),
    spoken(6, 0, mask=True),
]


@torch.inference_mode()
def test_many_prompts_are_answered_as_each_alone(model: Sam) -> None:
    embedding = torch.randn(256, 16, 16, generator=torch.Generator().manual_seed(1))
    for multimask, m in ((True, 3), (False, 1)):
        logits, scores = model.decode(embedding, MIXTURE, multimask=multimask)
        assert logits.shape == (len(MIXTURE), m, 64, 64)
        for i, prompt in enumerate(MIXTURE):
            alone = model.decode(embedding, [prompt], multimask=multimask)
            torch.testing.assert_close(logits[i], alone[0][0], atol=1e-5, rtol=1e-5)
            torch.testing.assert_close(scores[i], alone[1][0], atol=1e-5, rtol=1e-5)


@torch.inference_mode()
@pytest.mark.parametrize("chunk", [1, 2, 3, 50])
def test_the_size_of_chunks_changes_no_answer(model: Sam, chunk: int) -> None:
    embedding = torch.randn(256, 16, 16, generator=torch.Generator().manual_seed(1))
    expected = model.decode(embedding, MIXTURE * 2, chunk=1)
    answer = model.decode(embedding, MIXTURE * 2, chunk=chunk)
    torch.testing.assert_close(answer, expected, atol=1e-5, rtol=1e-5)


def test_boxes_and_bare_points_do_not_share_a_batch(model: Sam) -> None:
    coords, labels = torch.zeros(2, 2, 2), torch.tensor([[2, 3], [1, 1]])
    with pytest.raises(ValueError, match="1 of 2 prompts have a box"):
        model.prompt_encoder.encode(coords, labels)


def test_no_prompts_get_no_answers(model: Sam) -> None:
    logits, scores = model.decode(torch.zeros(256, 16, 16), [])
    assert logits.shape == (0, 3, 64, 64)
    assert scores.shape == (0, 3)


def test_an_image_too_large_is_refused(model: Sam) -> None:
    with pytest.raises(ValueError, match=r"257 x 4 pixels; the encoder sees 256 x 256"):
        model.preprocess(torch.zeros(1, 3, 257, 4))


def test_training_and_inference_compute_the_same_function(
    model: Sam, pixels: torch.Tensor
) -> None:
    with torch.inference_mode():
        fast = model.encode(pixels)
        fast_answer = model.decode(fast[0], MIXTURE)
    slow = model.encode(pixels)
    assert slow.requires_grad
    torch.testing.assert_close(slow.detach(), fast, atol=1e-4, rtol=0)
    slow_answer = model.decode(slow[0], MIXTURE)
    torch.testing.assert_close(
        [x.detach() for x in slow_answer], list(fast_answer), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("name", list(CONFIGS))
def test_gradients_reach_every_parameter(name: str, checkpointing: bool) -> None:
    torch.manual_seed(0)
    model = Sam(CONFIGS[name], drop_path=0.1, checkpointing=checkpointing).train()
    for module in model.modules():
        if hasattr(module, "rate"):
            module.rate = 0.0  # a branch dropped by chance would get none
    embedding = model.encode(torch.rand(2, 3, 256, 256) * 255)
    loss = torch.zeros(())
    for prompts in (MIXTURE, [spoken(9, 1)]):
        for multimask in (True, False):
            answer = model.decode(embedding[0], prompts, multimask=multimask)
            loss = loss + sum(x.square().mean() for x in answer)
    # a negative click, which the mixture lacks
    negative = PromptInputs(torch.ones(1, 2), torch.zeros(1))
    loss = loss + model.decode(embedding[1], [negative])[0].mean()
    loss.backward()
    lacking = [n for n, p in model.named_parameters() if p.grad is None]
    # the first has no part in any score: softmax does not see it
    assert all(n.endswith("k_proj.bias") for n in lacking)


def test_drop_path_drops_whole_samples_only_in_training() -> None:
    from napari_sam.models.network_layers import DropPath

    torch.manual_seed(0)
    layer, x = DropPath(0.5), torch.ones(64, 3)
    kept = layer.train()(x)
    assert {tuple(row) for row in kept.tolist()} == {(0, 0, 0), (2, 2, 2)}
    assert layer.eval()(x) is x


@torch.inference_mode()
def test_fusing_batch_norms_changes_no_embedding(pixels: torch.Tensor) -> None:
    model = shaken(SamConfig.tiny_vit_t())
    fused = for_inference(model.image_encoder)
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in fused.modules())
    torch.testing.assert_close(
        fused(model.preprocess(pixels)), model.encode(pixels), atol=1e-4, rtol=0
    )


@torch.inference_mode()
def test_other_weights_leave_nothing_of_the_old_behind(pixels: torch.Tensor) -> None:
    for config in CONFIGS.values():
        old, new = build_sam(config), shaken(config)
        old.encode(pixels)
        old.prompt_encoder.dense_pe()
        old.load_state_dict(new.state_dict())
        torch.testing.assert_close(old.encode(pixels), new.encode(pixels))
        torch.testing.assert_close(
            old.prompt_encoder.dense_pe(), new.prompt_encoder.dense_pe()
        )


@torch.inference_mode()
def test_bfloat16_answers_nearly_as_float32(pixels: torch.Tensor) -> None:
    for config in CONFIGS.values():
        model = shaken(config)
        exact = model.encode(pixels)
        exact_logits, _ = model.decode(exact[0], MIXTURE)
        model.set_precision(torch.bfloat16)
        rough = model.encode(pixels)
        rough_logits, rough_scores = model.decode(exact[0], MIXTURE)
        assert rough.dtype == rough_logits.dtype == rough_scores.dtype == torch.float32
        for a, b in ((exact, rough), (exact_logits, rough_logits)):
            assert torch.corrcoef(torch.stack([a.flatten(), b.flatten()]))[0, 1] > 0.99
