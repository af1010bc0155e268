import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.rasterize import coverage, inside
from napari_sam.core.prompts import Candidate, Polygon, Prompts
from napari_sam.core.prompts.mask_input import to_mask_input
from napari_sam.core.prompts.model_prompts import (
    is_ambiguous,
    refinement_steps,
    to_model_prompts,
)
from napari_sam.testing.strategies import answerable, masks, polygons, prompts

SHAPE = (48, 64)
C_SHAPE = [(4, 4), (4, 40), (10, 40), (10, 10), (34, 10), (34, 40), (40, 40), (40, 4)]


@given(answerable())
def test_rounds_are_growing_prefixes_without_choices(said):
    asked = refinement_steps(said)
    spoken = tuple(s for s in said.items if not isinstance(s, Candidate))
    assert asked[-1].prompts.items == spoken
    assert asked[0].prompts
    for before, after in itertools.pairwise(asked):
        assert after.prompts.items[:-1] == before.prompts.items


@pytest.mark.parametrize(
    "later", [Prompts.rectangle(0, 0, 9, 9), Prompts.polygon([(0, 0), (9, 0), (9, 9)])]
)
def test_a_lone_click_is_forgotten_when_a_box_tells_more(later):
    click = Prompts.point(5, 5)
    assert [r.prompts for r in refinement_steps(click + later)] == [click + later]
    assert len(refinement_steps(click.choose(1) + later)) == 2
    assert len(refinement_steps(click.point(6, 6) + later)) == 3
    assert len(refinement_steps(later + click)) == 2


@given(answerable(), prompts())
def test_what_is_said_later_changes_no_earlier_round(said, later):
    early = refinement_steps(said)
    assume(not is_ambiguous(early[-1].prompts))  # a box makes them forget it
    both = refinement_steps(said + later)
    assert both[: len(early) - 1] == early[:-1]
    assert both[len(early) - 1].prompts == early[-1].prompts


def test_the_first_round_hears_up_to_where_the_object_is():
    said = Prompts.point(1, 1, positive=False).rectangle(0, 0, 9, 9).point(5, 5)
    assert [len(r.prompts.items) for r in refinement_steps(said)] == [2, 3]


def test_a_choice_belongs_to_the_round_before_it():
    said = Prompts.point(5, 5).choose(2).point(6, 6).choose(1).choose(0)
    assert [r.candidate for r in refinement_steps(said)] == [2, 0]
    with pytest.raises(PromptError, match="no candidates yet"):
        refinement_steps(Prompts.choose(1).point(5, 5))


@pytest.mark.parametrize("said", [Prompts(), Prompts.point(1, 1, positive=False)])
def test_there_is_no_round_about_nowhere(said):
    with pytest.raises(PromptError, match="No prompt is on"):
        refinement_steps(said)


def test_only_a_single_positive_point_is_ambiguous():
    point = Prompts.point(5, 5)
    assert is_ambiguous(point)
    assert is_ambiguous(point.choose(1))
    assert not is_ambiguous(point.point(6, 6))
    assert not is_ambiguous(Prompts.point(5, 5, positive=False))
    assert not is_ambiguous(Prompts.rectangle(0, 0, 5, 5))


def test_a_model_hears_x_before_y_and_the_middle_of_pixels():
    heard = to_model_prompts(Prompts.point(3, 7).point(0, 0, positive=False), SHAPE)
    assert heard.point_coords.tolist() == [[7.5, 3.5], [0.5, 0.5]]
    assert heard.point_labels.tolist() == [1, 0]
    assert heard.mask_input is None
    assert (heard.point_coords.dtype, heard.point_labels.dtype) == (np.float32, np.int8)


def test_the_last_box_comes_last_and_is_cut_to_the_plane():
    said = Prompts.rectangle(0, 0, 5, 5).point(3, 3).rectangle(-4, 10, 30, 99)
    heard = to_model_prompts(said, SHAPE)
    assert heard.point_coords.tolist() == [[3.5, 3.5], [10, 0], [64, 30]]
    assert heard.point_labels.tolist() == [1, 2, 3]


def test_an_explicit_box_wins_over_that_of_a_polygon():
    polygon = Prompts.polygon(C_SHAPE)
    assert to_model_prompts(polygon, SHAPE).point_coords[-2:].tolist() == [
        [4.5, 4.5],
        [40.5, 40.5],
    ]
    both = Prompts.rectangle(1, 2, 45, 50) + polygon
    assert to_model_prompts(both, SHAPE).point_coords[-2:].tolist() == [
        [2, 1],
        [50, 45],
    ]


def test_points_of_a_polygon_lie_inside_even_where_its_middle_does_not():
    heard = to_model_prompts(Prompts.polygon(C_SHAPE), SHAPE)
    shape = Polygon(tuple(C_SHAPE))
    clicks = heard.point_coords[heard.point_labels == 1]
    assert 3 <= len(clicks) <= 5
    for x, y in clicks:
        assert inside(shape, np.array([y - 0.5]), np.array([x - 0.5])).all()
    assert np.ptp(clicks[:, 1]) > 20, "the two arms are both heard"


@given(masks(SHAPE))
@settings(max_examples=50)
def test_points_of_a_mask_lie_on_it(mask):
    heard = to_model_prompts(Prompts((mask,)), SHAPE)
    cols, rows = np.floor(heard.point_coords[heard.point_labels == 1]).astype(int).T
    assert len(rows) >= 1
    region = mask.mask.region
    assert mask.array[rows - region.top, cols - region.left].all()


@given(answerable())
@settings(max_examples=60)
def test_lowering_is_a_pure_function_within_the_plane(said):
    one, other = to_model_prompts(said, SHAPE), to_model_prompts(said, SHAPE)
    np.testing.assert_array_equal(one.point_coords, other.point_coords)
    np.testing.assert_array_equal(one.point_labels, other.point_labels)
    assert len(one.point_coords) == len(one.point_labels)
    assert (one.point_coords >= 0).all()
    assert (one.point_coords <= [SHAPE[1], SHAPE[0]]).all()
    if one.mask_input is not None:
        assert one.mask_input.shape == SHAPE
        assert set(np.unique(one.mask_input)) <= {-1, 0, 1}


@given(polygons((24, 24)))
@settings(max_examples=50)
def test_a_polygon_is_filled_by_the_even_odd_rule(polygon):
    rows, cols = np.arange(24) + 0.123, np.arange(24) + 0.456
    filled = inside(polygon, rows, cols)
    for i in range(0, 24, 5):
        cuts = crossings(polygon.vertices, rows[i])
        for j in range(0, 24, 5):
            if all(abs(cut - cols[j]) > 1e-9 for cut in cuts):
                assert filled[i, j] == sum(cut > cols[j] for cut in cuts) % 2


def crossings(vertices, row):
    """Columns at which the edges cross a row."""
    edges = zip(vertices, vertices[1:] + vertices[:1], strict=True)
    return [
        c0 + (row - r0) / (r1 - r0) * (c1 - c0)
        for (r0, c0), (r1, c1) in edges
        if (r0 > row) != (r1 > row)
    ]


def test_coverage_of_a_grid_keeps_the_area():
    square = Polygon(((9.5, 9.5), (9.5, 29.5), (29.5, 29.5), (29.5, 9.5)))
    _, share = coverage(square, (64, 64), (16, 16))
    assert share.sum() * 16 == pytest.approx(400, rel=0.1)
    assert share[3:7, 3:7].min() == 1


def test_a_prior_says_inside_outside_and_unknown():
    prior = to_mask_input(
        Prompts.polygon([(9.5, 9.5), (9.5, 29.5), (29.5, 20)]), (48, 48), (24, 24)
    )
    assert prior[7, 9] == 1
    assert prior[20, 2] == prior[2, 20] == -1
    edge = prior[7]
    assert {-1, 0, 1} == set(edge.tolist()), "a margin of unknown cells lies between"


def test_a_scribble_says_nothing_of_the_rest():
    prior = to_mask_input(Prompts.scribble([(24, 5), (24, 40)]), (48, 48), (48, 48))
    assert (prior[23:26, 6:40] == 1).all()
    assert set(np.unique(prior)) == {0, 1}
    assert (prior == 1).sum() == 3 * 38
    negative = to_mask_input(
        Prompts.scribble([(24, 5)], positive=False), (48, 48), (48, 48)
    )
    assert set(np.unique(negative)) == {-1, 0}


def test_of_two_priors_the_later_wins():
    first = Prompts.from_mask(np.ones((20, 20)), top=10, left=10)
    hole = Prompts.from_mask(np.ones((4, 4)), top=18, left=18)
    cut = Prompts.polygon([(14, 14), (14, 24), (24, 24), (24, 14)], positive=False)
    assert to_mask_input(first + cut, (48, 48), (48, 48))[19, 19] == -1
    assert to_mask_input(first + cut + hole, (48, 48), (48, 48))[19, 19] == 1


def test_something_smaller_than_a_cell_is_still_heard():
    prior = to_mask_input(
        Prompts.from_mask(np.ones((1, 1)), top=33, left=77), (512, 512), (64, 64)
    )
    assert (prior == 1).sum() == 1
    assert prior[33 // 8, 77 // 8] == 1
    sliver = Prompts.polygon([(33, 77), (33, 77.2), (33.2, 77)])
    np.testing.assert_array_equal(to_mask_input(sliver, (512, 512), (64, 64)), prior)


def test_points_along_a_scribble_are_even_and_few():
    heard = to_model_prompts(Prompts.scribble([(0, 0), (0, 60), (40, 60)]), SHAPE)
    assert len(heard.point_labels) == 8
    steps = np.abs(np.diff(heard.point_coords, axis=0)).sum(1)
    assert steps.max() - steps.min() < 1e-3
    assert (
        len(to_model_prompts(Prompts.scribble([(3, 3), (3, 5)]), SHAPE).point_labels)
        == 1
    )


def test_what_lies_outside_the_tile_is_not_heard():
    said = Prompts.point(5, 5).point(500, 5, positive=False).rectangle(60, 0, 90, 9)
    heard = to_model_prompts(said, SHAPE)
    assert heard.point_labels.tolist() == [1]


def test_of_a_line_only_the_part_on_the_plane_is_heard():
    heard = to_model_prompts(Prompts.scribble([(-1000, 30), (20, 30)]), SHAPE)
    assert len(heard.point_coords) >= 2
    assert (heard.point_coords[:, 1] < 21).all()
    assert heard.mask_input is not None
    assert heard.mask_input[:20, 30].all()


def test_the_length_of_a_line_beyond_the_plane_costs_nothing():
    heard = to_model_prompts(Prompts.scribble([(10, 10), (9e8, 9e8)]), SHAPE)
    assert heard.mask_input is not None
    assert heard.mask_input[20, 20] == 1


def test_a_line_may_leave_the_plane_and_come_back():
    out_and_back = [(10, 50), (10, 90), (40, 90), (40, 50)]
    heard = to_model_prompts(Prompts.scribble(out_and_back), SHAPE)
    rows = set(heard.point_coords[:, 1].tolist())
    assert rows == {10.5, 40.5}
    assert heard.mask_input is not None
    assert not heard.mask_input[25].any()


def test_an_approximate_mask_has_its_deepest_point_and_no_box():
    mask = np.zeros((40, 40), bool)
    mask[10:19, 12:21] = True
    mask[14, 21:30] = True
    given = to_model_prompts(Prompts.from_mask(mask, approximate=True), mask.shape)
    assert given.point_coords.tolist() == [[16.5, 14.5]]
    assert given.point_labels.tolist() == [1]
    full = to_model_prompts(Prompts.from_mask(mask), mask.shape)
    assert np.array_equal(given.mask_input, full.mask_input)
    assert 2 in full.point_labels.tolist()


def test_that_a_mask_is_approximate_is_kept_in_files_and_tiles():
    prompts = Prompts.from_mask(np.ones((2, 3)), top=4, left=5, approximate=True)
    assert Prompts.from_dict(prompts.to_dict()) == prompts
    assert prompts.shifted(1, 2).items[0].approximate
    assert prompts != Prompts.from_mask(np.ones((2, 3)), top=4, left=5)
    exact = Prompts.from_mask(np.ones((2, 3)))
    assert "approximate" not in exact.to_dict()["items"][0]
