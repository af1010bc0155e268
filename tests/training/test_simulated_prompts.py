"""Simulated prompts, and what answers cost."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_sam.models.pocket import BOTTOM_RIGHT, NEGATIVE, PADDING, POSITIVE, TOP_LEFT
from napari_sam.training.losses import click_loss, focal, iou, mask_loss
from napari_sam.training.recipe import Recipe
from napari_sam.training.recipes import RECIPES
from napari_sam.training.simulated_prompts import simulate, with_correction


@pytest.mark.parametrize("name", ["pocket", "vit_b"])
def test_simulated_prompts_are_true_of_their_masks(squares, name):
    said = simulate(np.random.default_rng(0), squares, RECIPES[name])
    for xy, kinds, mask in zip(
        said.xy.numpy(), said.kinds.numpy(), squares, strict=True
    ):
        for (x, y), kind in zip(xy, kinds, strict=True):
            if kind in (POSITIVE, NEGATIVE):
                assert mask[int(y), int(x)] == (kind == POSITIVE)
    alone = (said.kinds == POSITIVE).sum(1).eq(1) & (said.kinds == PADDING).sum(1).eq(3)
    silent = (said.prior == 0).flatten(1).all(1)
    torch.testing.assert_close(said.ambiguous, alone & silent)


def test_pocket_hears_everything_and_the_paper_clicks_and_boxes(squares):
    def kinds(name):
        said = simulate(np.random.default_rng(0), squares, RECIPES[name])
        return set(said.kinds.flatten().tolist()), bool(said.prior.any())

    boxes = {POSITIVE, TOP_LEFT, BOTTOM_RIGHT, PADDING}
    assert kinds("pocket") == (boxes | {NEGATIVE}, True)
    assert kinds("vit_b") == (boxes, False)


def test_a_deep_click_is_in_the_middle(squares):
    said = simulate(np.random.default_rng(0), squares, Recipe(box=0, click=1, deep=1.0))
    assert (said.xy[:, 0, 1] - 32).abs().max() < 8
    anywhere = simulate(np.random.default_rng(0), squares, Recipe(box=0, click=1))
    assert (anywhere.xy[:, 0, 1] - 32).abs().max() > 8


def test_the_noise_of_a_box_follows_its_sides(squares):
    recipe = Recipe(box=1, click=0)
    off = []
    for seed in range(20):
        said = simulate(np.random.default_rng(seed), squares, recipe)
        off.append(said.xy[:, 0] - torch.tensor([12.0, 20.0]))
    spread = torch.cat(off).std(0)
    assert spread[0].item() == pytest.approx(3.8, rel=0.15)
    assert spread[1].item() == pytest.approx(2.4, rel=0.15)
    exact = simulate(np.random.default_rng(0), squares, replace(recipe, box_noise=0.0))
    assert exact.xy[0, :2].tolist() == [[12, 20], [50, 44]]


@pytest.mark.parametrize("middle", [True, False])
def test_a_correction_is_drawn_from_the_error(squares, middle):
    truth = torch.from_numpy(squares[:2])
    answer = truth.clone()
    answer[0, 20:32] = False  # something is missing
    answer[1, 50:60, 20:40] = True  # something is too much
    xy, kinds = with_correction(
        torch.zeros(2, 1, 2), torch.ones(2, 1), answer ^ truth, truth,
        stride=2, noise=torch.rand(2, 64, 64), middle=middle,
    )  # fmt: skip
    (x, y), (u, v) = (xy[:, 1] / 2).int().tolist()
    assert kinds[:, 1].tolist() == [POSITIVE, NEGATIVE]
    assert truth[0, y, x]
    assert not answer[0, y, x]
    assert answer[1, v, u]
    assert not truth[1, v, u]


def test_nothing_is_said_where_nothing_is_wrong(squares):
    truth = torch.from_numpy(squares[:1])
    _, kinds = with_correction(
        torch.zeros(1, 1, 2), torch.ones(1, 1), truth & False, truth,
        stride=2, noise=torch.rand(1, 64, 64), middle=True,
    )  # fmt: skip
    assert kinds[0, 1] == PADDING


def test_a_better_mask_costs_less(squares):
    truth = torch.from_numpy(squares[:1]).float()[:, None]
    good, poor = (truth - 0.5) * 20, torch.zeros_like(truth)
    wrong = -good
    costs = [mask_loss(m, truth).item() for m in (good, poor, wrong)]
    assert costs == sorted(costs)
    assert iou(good, truth).item() == 1
    assert iou(wrong, truth).item() == 0


def test_focal_loss_is_that_of_its_paper():
    """Lin et al. 2017: minus (1 - p)^2 log p of the right answer."""
    logits = torch.tensor([[[2.0, -1.0]]])
    p = torch.tensor([2.0, 1.0]).sigmoid()  # of the right answer at each
    expected = (-((1 - p) ** 2) * p.log()).mean()
    truth = torch.tensor([[[1.0, 0.0]]])
    torch.testing.assert_close(focal(logits, truth)[0], expected)


def test_a_mask_that_keeps_to_the_clicks_costs_less():
    logits = torch.full((1, 1, 32, 32), -5.0)
    logits[..., 5:10, 20:25] = 5
    xy = torch.tensor([[[44.0, 14.0], [4.0, 4.0], [0.0, 0.0]]])
    kinds = torch.tensor([[POSITIVE, NEGATIVE, PADDING]])
    assert click_loss(logits, xy, kinds).item() < 0.01
    assert click_loss(-logits, xy, kinds).item() > 4
