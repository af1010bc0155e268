import copy
import json
import pickle

import numpy as np
import pytest
from hypothesis import given

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Box, MaskPrompt, Point, Polygon, Prompts
from napari_sam.testing.strategies import prompts

TRIANGLE = [(0, 0), (10, 0), (5, 8)]


@given(prompts())
def test_json_gives_back_the_same_value(said):
    text = json.dumps(said.to_dict())
    back = Prompts.from_dict(json.loads(text))
    assert back == said
    assert hash(back) == hash(said)
    assert back.digest == said.digest


@given(prompts(), prompts())
def test_adding_says_one_after_the_other(a, b):
    assert (a + b).items == a.items + b.items
    assert (a == b) == (a.digest == b.digest)


@given(prompts())
def test_shifting_there_and_back_changes_nothing(said):
    there = said.shifted(1024, -512)
    back = there.shifted(-1024, 512)
    assert [type(s) for s in back.items] == [type(s) for s in said.items]
    np.testing.assert_allclose(_flat(back.to_dict()), _flat(said.to_dict()), atol=1e-9)


def _flat(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return [n for v in value for n in _flat(v)]
    return [] if isinstance(value, str) else [value]


def test_methods_start_a_sentence_or_go_on():
    assert Prompts.point(1, 2) == Prompts().point(1, 2) == Prompts((Point(1, 2),))
    assert Prompts.rectangle(0, 0, 2, 3).point(1, 1).items == (
        Box(0, 0, 2, 3),
        Point(1, 1),
    )
    assert Prompts.point(1, 2) + Prompts.choose(1) == Prompts.point(1, 2).choose(1)
    assert Prompts.point.__doc__


def test_order_is_part_of_the_value():
    a, b = Prompts.point(1, 2), Prompts.rectangle(0, 0, 5, 5)
    assert a + b != b + a
    assert (a + b).digest != (b + a).digest


def test_a_value_cannot_be_changed():
    said = Prompts.from_mask(np.ones((3, 3)))
    with pytest.raises(AttributeError):
        said.items = ()
    with pytest.raises(ValueError, match="read-only"):
        said.items[0].array[0, 0] = False


def test_a_mask_is_the_same_however_much_empty_space_came_with_it():
    wide = np.zeros((20, 20), bool)
    wide[5:9, 6:12] = True
    assert Prompts.from_mask(wide) == Prompts.from_mask(np.ones((4, 6)), top=5, left=6)
    assert Prompts.from_mask(wide).bounds == Box(5, 6, 9, 12)


def test_values_can_be_copied_and_pickled():
    said = Prompts.point(1, 2).from_mask(np.eye(4)).polygon(TRIANGLE)
    assert pickle.loads(pickle.dumps(said)) == copy.deepcopy(said) == said


def test_truth_is_whether_it_says_where():
    assert not Prompts()
    assert not Prompts.point(1, 2, positive=False)
    assert not Prompts.polygon(TRIANGLE, positive=False).choose(1)
    assert Prompts.point(1, 2, positive=False).scribble([(3, 3)])


def test_the_anchor_is_the_first_positive_thing():
    assert Prompts.point(9, 9, positive=False).point(3, 4).anchor == (3, 4)
    assert Prompts.rectangle(0, 0, 5, 3).point(9, 9).anchor == (2, 1)
    with pytest.raises(PromptError, match="No prompt is on"):
        _ = Prompts.point(1, 1, positive=False).anchor


def test_bounds_hold_everything_said_positively():
    said = Prompts.point(4, 4).point(30, 30, positive=False).rectangle(0, 2, 3, 9)
    assert said.bounds == Box(0, 2, 5, 9)
    assert Prompts().bounds is None


@pytest.mark.parametrize(
    ("say", "match"),
    [
        (lambda: Prompts.point(float("nan"), 1), "finite"),
        (lambda: Prompts.point("a", 1), "finite"),
        (lambda: Prompts.point(None, 1), "finite"),
        (lambda: Prompts.point(1e300, 1), "finite"),
        (lambda: Prompts.point(10**400, 1), "finite"),
        (lambda: Prompts.scribble([1, 2, 3, 4]), "finite"),
        (lambda: Prompts.polygon("abc"), "finite"),
        (lambda: Prompts.rectangle(5, 5, 5, 9), "empty"),
        (lambda: Prompts.rectangle(9, 0, 5, 9), "bottom must exceed top"),
        (lambda: Prompts.rectangle(0, 0, float("inf"), 9), "finite"),
        (lambda: Prompts.polygon([(0, 0), (1, 1)]), "at least 3"),
        (lambda: Prompts.polygon([(0, 0), (1, 1), (2, 2)]), "one line"),
        (lambda: Prompts.polygon([(0, 0, 0), (1, 1, 1), (2, 2, 2)]), r"\(row, col\)"),
        (lambda: Prompts.scribble([]), "at least 1"),
        (lambda: Prompts.from_mask(np.zeros((3, 3))), "no pixel"),
        (lambda: Prompts.from_mask(np.ones((3, 3, 3))), "two dimensions"),
        (lambda: Prompts.choose(-1), "counted from 0"),
        (lambda: Prompts.from_mask(np.ones((2, 2))).shifted(0.5, 0), "whole pixels"),
    ],
)
def test_what_makes_no_sense_is_refused(say, match):
    with pytest.raises(PromptError, match=match):
        say()


@pytest.mark.parametrize(
    ("entry", "match"),
    [
        ({"kind": "circle"}, "no kind of prompt"),
        ({"kind": "point", "row": 1}, "lacks 'col'"),
        ({"kind": "point", "row": 1, "col": 2, "positive": "no"}, "true or false"),
        ({"kind": "mask", "top": 0, "left": 0, "shape": [2, 2], "runs": [3]}, "sum to"),
        ({"kind": "point", "row": "a", "col": 2}, "finite numbers"),
        ({"kind": "mask", "top": 0, "left": 0, "shape": [4], "runs": [4]}, "not a pr"),
        ({"kind": "choice", "index": "first"}, "not a prompt"),
        (
            {"kind": "box", "top": 0, "left": 0, "bottom": 9, "right": 9}
            | {"positive": False},
            "box marks what the object is",
        ),
        ("point", "not a prompt"),
    ],
)
def test_json_that_makes_no_sense_is_refused(entry, match):
    with pytest.raises(PromptError, match=match):
        Prompts.from_dict({"version": 1, "said": [entry]})


def test_the_same_place_has_the_same_name_whatever_the_type_of_its_numbers():
    said = [Prompts((Point(row, 2),)) for row in (1, 1.0, np.int64(1), np.float32(1))]
    assert len({s.digest for s in said}) == 1


def test_prompts_of_a_later_version_are_refused():
    with pytest.raises(PromptError, match="version 3"):
        Prompts.from_dict({"version": 3, "said": []})


def test_every_number_of_pixels_survives_run_lengths():
    for mask in (np.ones((1, 1)), np.eye(5), 1 - np.eye(4), np.tri(3)):
        (back,) = Prompts.from_dict(Prompts.from_mask(mask).to_dict()).items
        assert isinstance(back, MaskPrompt)
        np.testing.assert_array_equal(back.array, mask.astype(bool))


def test_a_bow_tie_is_a_polygon():
    assert Polygon(((0, 0), (4, 4), (0, 4), (4, 0)))


def test_the_threshold_is_part_of_the_value_and_comes_back_from_json():
    click = Prompts.point(3, 4)
    lower = click.with_threshold(-0.5)
    assert lower != click
    assert hash(lower) != hash(click)
    assert lower.digest != click.digest
    assert Prompts.from_dict(lower.to_dict()) == lower
    assert lower.to_dict()["version"] == 2
    assert click.to_dict() == {
        "version": 2,
        "items": [{"kind": "point", "row": 3, "col": 4, "positive": True}],
        "threshold": 0,
    }
    assert lower.point(5, 6).shifted(1, 1).threshold == -0.5
    assert (click + lower).threshold == (lower + click).threshold == -0.5


def test_a_threshold_is_a_finite_number():
    with pytest.raises(PromptError, match="threshold=nan"):
        Prompts((), float("nan"))


def test_the_digest_is_that_of_the_first_version():
    prompts = Prompts.point(3, 4).rectangle(1, 2, 9, 8).choose(1)
    prompts = prompts.scribble([(1, 2), (3, 4.5)], positive=False)
    prompts = prompts.polygon([(1, 1), (1, 9), (9, 9)])
    prompts = prompts.from_mask([[0, 1], [1, 1]], top=3, left=4)
    assert prompts.digest == "2a1837c4c7be05df8ae1fb42c6aa8fc2"


def test_prompts_of_the_first_version_are_read():
    data = {
        "version": 1,
        "said": [
            {"kind": "point", "row": 3, "col": 4, "positive": True},
            {"kind": "choice", "index": 2},
        ],
    }
    assert Prompts.from_dict(data) == Prompts.point(3, 4).choose(2)
