"""Ours answers as `segment-anything` does, on the same random weights.

Tolerance: 1e-4 absolute, on embeddings and logits of order one; usually 1e-6 is met.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch

from napari_sam.backends.sam import SamBackend
from napari_sam.core.images.frames import Frames
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.models.config import SamConfig
from napari_sam.models.sam import build_sam
from napari_sam.models.state_dict import load_sam_state

ATOL = 1e-4


@dataclass(frozen=True)
class Case:
    """Prompts about one image: points, whether there is a box and a mask."""

    name: str
    labels: tuple[int, ...] = ()
    box: bool = False
    mask: bool = False
    batch: int = 2

    def make(self, size: int) -> dict[str, torch.Tensor | None]:
        generator = torch.Generator().manual_seed(len(self.name))
        b, n = self.batch, len(self.labels)
        corners = torch.rand(b, 4, generator=generator).sort(1).values * size
        return {
            "points": torch.rand(b, n, 2, generator=generator) * size,
            "labels": torch.tensor(self.labels).expand(b, n),
            "boxes": corners if self.box else None,
            "masks": torch.randn(b, 1, size // 4, size // 4, generator=generator)
            if self.mask
            else None,
        }


CASES = [
    Case("one positive", (1,)),
    Case("one negative", (0,)),
    Case("several", (1, 0, 1, 1, 0)),
    Case("padding said", (1, -1)),
    Case("box", box=True),
    Case("box and point", (1,), box=True),
    Case("box and points", (1, 0, 1), box=True),
    Case("mask", mask=True),
    Case("mask and point", (0,), mask=True),
    Case("mask and box", box=True, mask=True),
    Case("mask, box and points", (1, 0), box=True, mask=True),
    Case("five at once", (1, 1), batch=5),
]


def ask_reference(model: Any, embedding: torch.Tensor, said: Any, multi: bool) -> Any:
    points = (said["points"], said["labels"]) if said["points"].shape[1] else None
    sparse, dense = model.prompt_encoder(points, said["boxes"], said["masks"])
    return model.mask_decoder(
        image_embeddings=embedding[None],
        image_pe=model.prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=multi,
    )


def ask_ours(model: Any, embedding: torch.Tensor, said: Any, multi: bool) -> Any:
    coords, labels = said["points"], said["labels"]
    if said["boxes"] is not None:
        b = len(said["boxes"])
        coords = torch.cat([coords, said["boxes"].view(b, 2, 2)], 1)
        labels = torch.cat([labels, torch.tensor([2, 3]).expand(b, 2)], 1)
    sparse, dense = model.prompt_encoder.encode(coords, labels, said["masks"])
    return model.mask_decoder.predict(
        embedding, model.prompt_encoder.dense_pe(), sparse, dense, multimask=multi
    )


@pytest.mark.parametrize("multi", [True, False], ids=["multimask", "single"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_prompts_get_the_answers_of_the_reference(
    twins: Any, case: Case, multi: bool
) -> None:
    reference, ours = twins
    generator = torch.Generator().manual_seed(1)
    embedding = torch.randn(256, 16, 16, generator=generator)
    said = case.make(ours.config.image_size)
    logits, scores = ask_reference(reference, embedding, said, multi)
    our_logits, our_scores = ask_ours(ours, embedding, said, multi)
    assert logits.std() > 0.1  # or the comparison would mean little
    torch.testing.assert_close(our_logits, logits, atol=ATOL, rtol=0)
    torch.testing.assert_close(our_scores, scores, atol=ATOL, rtol=0)


@pytest.mark.parametrize(
    "shape", [(256, 256), (256, 171), (90, 256), (1, 1), (17, 3)], ids=str
)
def test_images_of_any_shape_get_the_embedding_of_the_reference(
    twins: Any, shape: tuple[int, int]
) -> None:
    reference, ours = twins
    generator = torch.Generator().manual_seed(2)
    pixels = torch.randint(0, 256, (2, 3, *shape), generator=generator).float()
    expected = reference.image_encoder(reference.preprocess(pixels))
    torch.testing.assert_close(ours.encode(pixels), expected, atol=ATOL, rtol=0)


def test_state_dicts_load_strictly_in_both_directions(twins: Any) -> None:
    reference, ours = twins
    fresh = build_sam(ours.config)
    fresh.load_state_dict(reference.state_dict(), strict=True)
    reference.load_state_dict(fresh.state_dict(), strict=True)


def test_the_places_of_the_embedding_are_encoded_alike(twins: Any) -> None:
    reference, ours = twins
    expected = reference.prompt_encoder.get_dense_pe()[0]
    # 2 pi times a frequency: the angles are large, and so is their rounding
    torch.testing.assert_close(
        ours.prompt_encoder.dense_pe(), expected, atol=1e-5, rtol=0
    )


def test_vit_b_at_full_size_agrees_from_pixels_to_masks(reference_sam: Any) -> None:
    config = SamConfig.vit_b()
    reference, ours = reference_sam(config), build_sam(config)
    load_sam_state(ours, reference.state_dict())
    pixels = torch.rand(1, 3, 768, 1024, generator=torch.Generator().manual_seed(3))
    pixels *= 255
    expected = reference.image_encoder(reference.preprocess(pixels))
    embedding = ours.encode(pixels)
    torch.testing.assert_close(embedding, expected, atol=ATOL, rtol=0)
    said = Case("full", (1, 0), box=True).make(1024)
    logits, scores = ask_reference(reference, expected[0], said, True)
    our_logits, our_scores = ask_ours(ours, embedding[0], said, True)
    torch.testing.assert_close(our_logits, logits, atol=ATOL, rtol=0)
    torch.testing.assert_close(our_scores, scores, atol=ATOL, rtol=0)


def test_unconnected_parts_left_in_masks_are_those_of_the_reference(
    twins: Any,
) -> None:
    reference, ours = twins
    size = ours.config.image_size
    pixels = np.random.default_rng(4).integers(0, 256, (size, size, 3), np.uint8)
    image = PromptableImage(
        Frames(pixels, "yxc"),
        SamBackend(ours, device="cpu", precision="float32"),
        connected=False,
    )
    found = image.segment(Prompts.point(100, 30))

    whole = torch.from_numpy(pixels).permute(2, 0, 1)[None].float()
    embedding = reference.image_encoder(reference.preprocess(whole))
    said = {
        "points": torch.tensor([[[30.0, 100.0]]]),
        "labels": torch.tensor([[1]]),
        "boxes": None,
        "masks": None,
    }
    logits, scores = ask_reference(reference, embedding[0], said, True)
    best = logits[:, scores[0].argmax()][:, None]
    np.testing.assert_allclose(found.logits, best[0, 0].detach().numpy(), atol=ATOL)
    full = torch.nn.functional.interpolate(best, (size, size), mode="bilinear")[0, 0]
    sure = full.abs() > 10 * ATOL
    mask = torch.from_numpy(found.full((size, size)))
    assert torch.equal(mask[sure], full[sure] > 0)
    image.connected = True
    assert 0 < image.segment(Prompts.point(100, 30)).area < found.area
