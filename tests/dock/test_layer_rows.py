import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.components import ViewerModel

from napari_sam import Address, Prompts
from napari_sam.apps.dock.from_layers import prompt_from_shape, read_rows
from napari_sam.apps.dock.layer_rows import (
    Row,
    features_of,
    merge_rows,
    point_positions,
    rows_of,
    shape_corners,
)
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts.items import Box, Candidate, Point, Polygon, Scribble


@pytest.fixture(scope="module")
def geometry():
    layer = ViewerModel().add_image(np.zeros((3, 40, 50), np.uint8))
    return PlaneGeometry.of(layer, "tyx")


ANY = {
    Address(0, 1): Prompts.point(5, 6).choose(1).point(7, 8, positive=False),
    Address(2, 1): Prompts.rectangle(3, 4, 13, 24).polygon([(1, 1), (9, 2), (5, 8.5)]),
    Address(1, 7): Prompts.scribble([(3, 3), (6, 9.25)], positive=False)
    .point(2, 3)
    .scribble([(11, 12)]),
}


def _drawn(prompts, geometry):
    points = rows_of(prompts, points=True)
    shapes = rows_of(prompts, points=False)
    corners, kinds = zip(*shape_corners(shapes, geometry), strict=True)
    return [
        *_read_points(
            point_positions(points, geometry), features_of(points), geometry
        ).rows,
        *read_rows(corners, kinds, pd.DataFrame(features_of(shapes)), geometry).rows,
    ]


def _read_points(positions, features, geometry):
    kinds, table = ["point"] * len(positions), pd.DataFrame(features)
    return read_rows(positions[:, None], kinds, table, geometry)


def test_what_is_said_is_drawn_and_read_again(geometry):
    rows = _drawn(ANY, geometry)
    for at, prompts in ANY.items():
        mine = [row for row in rows if row.at == at]
        if len(prompts.items[-1:]) and at != Address(1, 7):
            assert merge_rows(prompts, mine) == prompts
    # A scribble of one position is drawn as a path of two.
    last = [row.prompt for row in rows if row.at == Address(1, 7)]
    assert Scribble(((11, 12), (11, 12))) in last


@given(st.integers(0, 200), st.integers(0, 200), st.integers(1, 90), st.integers(1, 90))
def test_a_box_is_the_edges_of_its_pixels(top, left, rows, cols):
    drawn = np.array(
        ((top - 0.5, left - 0.5), (top + rows - 0.5, left + cols - 0.5)), float
    )
    (t, le), (b, r) = drawn
    corners = np.array(((t, le), (t, r), (b, r), (b, le)), np.float32)
    box = prompt_from_shape(corners, "rectangle", True)
    assert box == Box(top, left, top + rows, left + cols)


def test_shapes_say_what_they_look_like():
    turned = np.array(((0, 5), (5, 10), (10, 5), (5, 0)), float)
    assert isinstance(prompt_from_shape(turned, "rectangle", True), Polygon)
    around = np.array(((0, 0), (0, 20), (10, 20), (10, 0)), float)
    ellipse = prompt_from_shape(around, "ellipse", False)
    assert not ellipse.positive
    away = (np.array(ellipse.vertices) - (5, 10)) / (5, 10)
    np.testing.assert_allclose(np.hypot(*away.T), 1, atol=1e-3)
    line = np.array(((1, 2), (3, 4)), float)
    assert prompt_from_shape(line, "line", True) == Scribble(((1, 2), (3, 4)))
    with pytest.raises(PromptError, match="empty"):
        prompt_from_shape(np.ones((4, 2)), "rectangle", True)


def test_what_transforms_lose_does_not_matter():
    exact = prompt_from_shape(np.array([[12.25, 30.5]]), "point", True)
    assert (
        prompt_from_shape(np.array([[12.25 + 1e-9, 30.5 - 1e-9]]), "point", True)
        == exact
    )


def test_what_lies_elsewhere_is_refused_in_words(geometry):
    table = pd.DataFrame({"object": [1] * 4, "positive": [True] * 4, "order": [0] * 4})
    positions = np.array([(0, 5, 5), (3, 5, 5), (0, 5, 50), (0, -0.4, 49.4)])
    found = _read_points(positions, table, geometry)
    assert [row.prompt for row in found.rows] == [Point(5, 5), Point(-0.4, 49.4)]
    assert len(found.refused) == 2
    assert all("outside the image" in why for why in found.refused)
    steep = [np.array([(0, 1, 1), (0, 1, 9), (2, 9, 9), (2, 9, 1)], float)]
    found = read_rows(steep, ["polygon"], table[:1], geometry)
    assert "several frames" in found.refused[0]


def test_rows_without_a_place_come_last(geometry):
    table = pd.DataFrame(
        {"object": [1, 1], "positive": [True, False], "order": [np.nan, 0]}
    )
    rows = _read_points(np.array([(0, 1, 1), (0, 2, 2)]), table, geometry).rows
    said = merge_rows(Prompts(), rows).items
    assert said == (Point(2, 2, False), Point(1, 1))


AT = Address(0, 1)
BEFORE = Prompts((Point(1, 1), Candidate(2), Point(2, 2), Box(0, 0, 9, 9)))
#: What the rows are, by their places in what was said before; what is said then.
MERGES = {
    "nothing changed": ([0, 2, 3], [0, 1, 2, 3]),
    "the last is gone": ([0, 2], [0, 1, 2]),
    "the choice was about what is gone": ([2, 3], [2, 3]),
    "all is gone": ([], []),
    "written in another order": ([3, 0, 2], [0, 1, 2, 3]),
}


@pytest.mark.parametrize("case", MERGES)
def test_what_is_not_drawn_keeps_its_place(case):
    left, expected = MERGES[case]
    rows = [Row(AT, i, BEFORE.items[i]) for i in left]
    assert merge_rows(BEFORE, rows).items == tuple(BEFORE.items[i] for i in expected)


def test_masks_stay_where_they_were_said():
    mask = Prompts.from_mask(np.ones((3, 3)), top=2, left=2)
    before = mask + Prompts.point(3, 3)
    moved = Row(AT, 1, Point(4, 4))
    assert merge_rows(before, [moved]) == mask + Prompts.point(4, 4)
    assert merge_rows(before, []) == mask
