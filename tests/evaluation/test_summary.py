import math

import numpy as np
import pytest

from napari_sam.evaluation.mask_accuracy import Result
from napari_sam.evaluation.score_calibration import calibrate, rank
from napari_sam.evaluation.summary import (
    clicks_needed,
    differences,
    interval,
    summarise,
)


def result(clicks=(0.5,) * 5, *, box=0.5, model="m", name="a", kind="k", **more):
    values = {
        "object_id": 1, "area": 100, "candidates": (clicks[0],),
        "click_scores": clicks, "box_score": box, "candidate_scores": (0.5,),
    }  # fmt: skip
    return Result(model, kind, name, clicks=clicks, box=box, **(values | more))


def test_clicks_needed_count_to_the_first_that_gets_there():
    good = result((0.5, 0.79, 0.8, 0.7, 0.95))
    assert (good.needed(0.8), good.needed(0.9), good.needed(0.96)) == (3, 5, None)


def test_what_never_gets_there_counts_with_all_clicks_and_is_told_apart():
    fifth = result((0.5, 0.5, 0.5, 0.5, 0.8))
    never = result((0.5, 0.5, 0.5, 0.5, 0.79), object_id=2)
    assert clicks_needed(fifth, 0.8) == clicks_needed(never, 0.8) == 5
    (summary,) = summarise([fifth, never])
    assert summary.figures["to 0.8"].mean == 5
    assert summary.missed == {0.8: 0.5, 0.9: 1.0}


def test_means_and_medians_by_hand():
    results = [
        result((0.2, 0.4, 0.6, 0.8, 1.0), box=0.3, candidates=(0.2, 0.9)),
        result((0.6,) * 5, box=0.6, name="b", refusal="no"),
        result((1.0,) * 5, box=0.9, name="b", object_id=2),
    ]
    (summary,) = summarise(results)
    assert (summary.objects, summary.images, summary.refused) == (3, 2, 1)
    means = {name: figure.mean for name, figure in summary.figures.items()}
    assert means["click"] == pytest.approx(0.6)
    assert means["best"] == pytest.approx((0.9 + 0.6 + 1) / 3)
    assert means["box"] == pytest.approx(0.6)
    assert means["clicks 2"] == pytest.approx(2 / 3)
    assert means["clicks 5"] == pytest.approx(2.6 / 3)
    assert summary.figures["click"].median == 0.6


def test_groups_are_sorted_and_models_keep_their_order():
    results = [result(model=m, kind=k) for m in "zy" for k in "ba"]
    found = [(s.model, s.group) for s in summarise(results)]
    assert found == [("z", "a"), ("z", "b"), ("y", "a"), ("y", "b")]
    (small,) = {s.group for s in summarise(results, by=lambda r: r.size)}
    assert small == "small"


def test_the_interval_draws_images_and_not_objects():
    """Ten objects of each of two images say no more than one of each."""
    few = interval([0, 1], ["a", "b"])
    assert few == (0, 1)
    assert interval([0] * 10 + [1] * 10, ["a"] * 10 + ["b"] * 10) == few
    assert all(math.isnan(v) for v in interval([0, 1], ["a", "a"]))


def test_the_interval_is_about_that_of_the_normal_distribution():
    rng = np.random.default_rng(1)
    values = rng.normal(0.5, 0.1, 400)
    low, high = interval(list(values), [str(n) for n in range(400)])
    assert (low + high) / 2 == pytest.approx(values.mean(), abs=0.002)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.1 / 20, rel=0.15)
    assert interval(list(values), [str(n) for n in range(400)]) == (low, high)


def test_differences_are_of_the_same_objects():
    names = "abcdefgh"
    better = [result((0.1 * i + 0.05,) * 5, name=n) for i, n in enumerate(names)]
    worse = [result((0.1 * i,) * 5, name=n, model="n") for i, n in enumerate(names[:6])]
    found = differences([*worse, *better], "m", "n")["click"]
    assert found.mean == pytest.approx(0.05)
    assert found.low == pytest.approx(0.05)
    assert differences(better, "m", "none") == {}


def test_calibration_by_hand():
    results = [
        result((0.5,) * 5, click_scores=(0.31, 0.9, 0.9, 0.9, 0.9), box_score=1.0),
        result((0.7,) * 5, click_scores=(0.39, 0.9, 0.9, 0.9, 0.9), box_score=0.0),
    ]
    click, box, further = calibrate(results)
    assert [c.prompt for c in (click, box, further)] == [
        "one click", "box", "further clicks",
    ]  # fmt: skip
    (filled,) = [b for b in click.bins if b.masks]
    assert (filled.low, filled.high, filled.masks) == (0.3, 0.4, 2)
    assert filled.expected == pytest.approx(0.35)
    assert filled.reached == pytest.approx(0.6)
    assert click.error == pytest.approx((0.19 + 0.31) / 2)
    assert click.bias == pytest.approx(-0.25)
    assert click.order == pytest.approx(1)
    assert [b.masks for b in box.bins] == [1, *[0] * 8, 1]
    assert math.isnan(box.order)
    assert sum(b.masks for b in further.bins) == 8


def test_a_tool_without_an_opinion_has_no_calibration():
    flat = {"click_scores": (1.0,) * 5, "box_score": 1.0}
    assert calibrate([result(**flat), result((0.7,) * 5, **flat)]) == []


def test_ranking_by_hand():
    right = result(candidates=(0.5, 0.4, 0.5))
    wrong = result(candidates=(0.5, 0.7, 0.1))
    found = rank([right, wrong])
    assert found.first_is_best == 0.5
    assert found.lost == pytest.approx(0.1)
    assert rank([result(candidates=(0.5,))]) is None
