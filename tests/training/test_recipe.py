from dataclasses import fields

import numpy as np
import pytest

from napari_sam.core.errors import TrainingError
from napari_sam.core.settings import settings_of
from napari_sam.training.recipe import Recipe
from napari_sam.training.recipes import RECIPES, named_recipe


def test_the_papers_values_are_the_defaults():
    """Kirillov et al. 2023, appendix A."""
    paper = named_recipe("vit_h")
    assert paper == Recipe()
    assert (paper.steps, paper.warmup, paper.rate) == (90_000, 250, 8e-4)
    assert [round(s * paper.steps) for s in paper.drops] == [60_000, 86_666]
    assert (paper.drop, paper.weight_decay, paper.layer_decay) == (0.1, 0.1, 0.8)
    assert (paper.drop_path, paper.masks, paper.largest) == (0.4, 64, 0.9)
    assert (paper.zoom_low, paper.zoom_high) == (0.1, 2.0)
    assert (paper.focal, paper.dice, paper.score) == (20, 1, 1)
    assert (paper.click, paper.box, paper.box_noise, paper.box_limit) == (
        0.5,
        0.5,
        0.1,
        20,
    )
    assert named_recipe("vit_b").layer_decay == 0.6
    assert named_recipe("vit_l").rate == 4e-4


def test_the_papers_rounds():
    """Eight clicks, and two rounds without: one anywhere between, one at the end."""
    plans = [Recipe().schedule(np.random.default_rng(seed)) for seed in range(40)]
    for plan in plans:
        assert len(plan) == 10
        assert sum(r.clicks for r in plan) == 8
        assert not plan[-1].clicks
        assert all(r.has_loss for r in plan)
    places = {next(i for i, r in enumerate(p) if not r.clicks) for p in plans}
    assert len(places) > 4


def test_pocket_teaches_first_and_last():
    plans = [RECIPES["pocket"].schedule(np.random.default_rng(s)) for s in range(40)]
    assert {len(p) for p in plans} == {1, 2, 3}
    assert all(
        [r.has_loss for r in p] == [False] * (len(p) - 1) + [True] for p in plans
    )


def test_the_rate_rises_then_falls_in_steps():
    recipe = Recipe(steps=1000, warmup=100, drops=(0.65, 0.9))
    rates = [recipe.rate_at(s) for s in range(1000)]
    assert rates[0] == pytest.approx(recipe.rate / 100)
    assert rates[99] == rates[600] == recipe.rate
    assert rates[700] == pytest.approx(recipe.rate * recipe.drop)
    assert rates[950] == pytest.approx(recipe.rate * recipe.drop**2)


def test_zooms_fill_their_range():
    rng = np.random.default_rng(0)
    even = [Recipe().zoom(rng) for _ in range(2000)]
    assert min(even) < 0.15
    assert max(even) > 1.95
    assert np.mean(even) == pytest.approx(1.05, abs=0.05)
    log = [RECIPES["pocket"].zoom(rng) for _ in range(2000)]
    assert np.mean(np.log(log)) == pytest.approx(0, abs=0.05)


def test_settings_are_given_as_text():
    changed = Recipe().changed(
        {"rate": "1e-5", "steps": "7", "vary": "true", "drops": "0.5,0.75"}
    )
    assert (changed.rate, changed.steps, changed.vary) == (1e-5, 7, True)
    assert changed.drops == (0.5, 0.75)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"ratee": "1"}, "no setting 'ratee'"),
        ({"rate": "fast"}, "rate='fast': expected float"),
        ({"vary": "yes"}, "expected bool"),
        ({"drops": "a,b"}, "numbers with commas"),
        ({"steps": "0"}, "at least 1"),
        ({"drop_path": "2"}, "a share"),
        ({"zoom_low": "3"}, "low one first"),
        ({"click": "0", "box": "0"}, "one above"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(settings, message):
    with pytest.raises(TrainingError, match=message):
        Recipe().changed(settings)


def test_an_unknown_recipe_is_refused():
    with pytest.raises(TrainingError, match="no recipe 'vit_x'"):
        named_recipe("vit_x")


def test_fine_tuning_is_short_and_gentle():
    for name, recipe in RECIPES.items():
        tuned = named_recipe(name, fine_tune=True)
        assert tuned.steps < recipe.steps
        assert tuned.rate < recipe.rate


def test_every_setting_says_what_it_is():
    named = settings_of(Recipe)
    assert [s.name for s in named] == [f.name for f in fields(Recipe)]
    assert all(s.label and s.tip.endswith(".") for s in named)
    with pytest.raises(TrainingError, match="at least 0 px"):
        Recipe(crop=-1)
