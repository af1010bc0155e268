import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction


def reference(logits, tile, stride, threshold):
    """Upsample everything, in float64."""
    rows = np.clip((np.arange(tile[0]) + 0.5) / stride[0] - 0.5, 0, logits.shape[0] - 1)
    cols = np.clip((np.arange(tile[1]) + 0.5) / stride[1] - 0.5, 0, logits.shape[1] - 1)
    at = np.meshgrid(rows, cols, indexing="ij")
    return ndimage.map_coordinates(logits.astype(float), at, order=1) - threshold


@given(
    st.integers(0, 10_000),
    st.tuples(st.integers(1, 12), st.integers(1, 12)),
    st.tuples(st.floats(0.5, 6), st.floats(0.5, 6)),
    st.tuples(st.integers(1, 60), st.integers(1, 60)),
    st.floats(-1.5, 1.5),
)
@settings(max_examples=200)
def test_the_mask_is_the_whole_grid_upsampled_and_cut(seed, grid, stride, tile, at):
    logits = np.random.default_rng(seed).normal(size=grid).astype(np.float32)
    answer = Prediction(logits, 0.5, Region(0, 0, *tile), stride, at)
    value = reference(logits, tile, stride, at)
    sure = np.abs(value) > 1e-4
    np.testing.assert_array_equal(answer.full(tile)[sure], (value > 0)[sure])
    region, mask = answer.region, answer.mask
    assert mask.shape == region.shape
    if mask.size:
        assert mask[0].any()
        assert mask[-1].any()
        assert mask[:, 0].any()
        assert mask[:, -1].any()
    assert answer.area == mask.sum()


@given(
    st.tuples(st.integers(0, 6), st.integers(0, 8)),
    st.tuples(st.floats(0.5, 9), st.floats(0.5, 9)),
    st.floats(0.01, 20),
)
@example((0, 8), (1.0, 1.0), 1.0)
def test_a_single_cell_reaches_as_far_as_it_is_blended(cell, stride, height):
    logits = np.full((7, 9), -1, np.float32)
    logits[cell] = height
    answer = Prediction(logits, 0.5, Region(0, 0, 40, 50), stride)
    value = reference(logits, (40, 50), stride, 0)
    sure = np.abs(value) > 1e-4
    np.testing.assert_array_equal(answer.full((40, 50))[sure], (value > 0)[sure])


def test_nothing_above_the_threshold_is_an_empty_mask():
    answer = Prediction(
        np.full((4, 4), -1, np.float32), 0.1, Region(8, 8, 24, 24), (4, 4)
    )
    assert answer.mask.shape == (0, 0)
    assert answer.region == Region(8, 8, 8, 8)
    assert answer.area == 0
    assert not answer.full((32, 32)).any()
    assert "empty" in repr(answer)


def test_only_the_object_is_ever_upsampled():
    logits = np.full((256, 256), -5, np.float32)
    logits[100:102, 50:52] = 5
    answer = Prediction(logits, 0.9, Region(0, 0, 40_000, 40_000), (160, 160))
    assert answer.mask.nbytes < 1e6


def test_padding_beyond_the_tile_is_no_part_of_the_mask():
    answer = Prediction(
        np.ones((8, 8), np.float32), 1, Region(0, 0, 32, 20), (4.0, 4.0)
    )
    assert answer.region == Region(0, 0, 32, 20)
    assert answer.mask.all()


def test_placing_moves_every_candidate():
    other = Prediction(np.ones((4, 4), np.float32), 0.2, Region(0, 0, 4, 4))
    best = Prediction(other.logits, 0.9, other.tile, alternatives=(other,))
    moved = best.shifted(10, 20)
    assert [c.region for c in moved.candidates] == [Region(10, 20, 14, 24)] * 2
    assert best.region == Region(0, 0, 4, 4)


def test_a_higher_threshold_gives_a_smaller_mask():
    ramp = np.linspace(-1, 1, 16, dtype=np.float32) * np.ones((4, 1), np.float32)
    answer = Prediction(ramp, 0.9, Region(0, 0, 4, 16))
    areas = [answer.with_threshold(t).area for t in (-0.5, 0, 0.5, 2)]
    assert areas == sorted(areas, reverse=True)
    assert areas[-1] == 0


def test_choosing_puts_a_candidate_first_and_keeps_the_rest():
    made = [
        Prediction(np.zeros((2, 2), np.float32), s, Region(0, 0, 2, 2))
        for s in (0.9, 0.8, 0.7)
    ]
    best = Prediction(made[0].logits, 0.9, made[0].tile, alternatives=tuple(made[1:]))
    assert [c.score for c in best.chosen(1).candidates] == [0.8, 0.9, 0.7]
    with pytest.raises(PromptError, match="there are 3"):
        best.chosen(3)


@pytest.mark.parametrize(("given", "shown"), [(1.15, 1), (-0.2, 0), (0.4, 0.4)])
def test_a_score_is_an_iou_from_0_to_1(given, shown):
    assert Prediction(np.ones((2, 2), np.float32), given, Region(0, 0, 2, 2)).score == (
        shown
    )
