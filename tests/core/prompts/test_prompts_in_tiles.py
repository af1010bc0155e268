import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.core.errors import PromptOutsideImageError
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.prompts_in_tiles import first_tile


@given(st.integers(0, 199), st.integers(0, 149))
def test_an_object_stays_in_its_tile_when_a_click_is_added(row, col):
    tiling, shape = Tiling((64, 64), (16, 16)), (200, 150)
    first = Prompts.point(row, col)
    tile = first_tile(first, tiling, shape)
    assert tile.window.contains(row, col)
    assert first_tile(first.point(3, 3, positive=False), tiling, shape) == tile


@pytest.mark.parametrize(
    "said",
    [
        Prompts.point(64, 3),
        Prompts.point(-0.6, 3),
        Prompts.point(3, 3).point(3, 99, positive=False),
        Prompts.rectangle(70, 0, 90, 9),
        Prompts.polygon([(100, 100), (100, 120), (120, 110)]),
        Prompts.scribble([(-9, -9)]),
        Prompts.scribble([(-20, 50), (20, 90)]),
        Prompts.polygon([(-20, 50), (20, 90), (-20, 90)]),
        Prompts.from_mask(np.eye(9)[::-1], top=62, left=62),
        Prompts.from_mask(np.ones((3, 3)), top=80),
    ],
)
def test_what_is_outside_the_image_is_refused(said):
    with pytest.raises(PromptOutsideImageError, match="64 rows and 64 columns"):
        first_tile(said, Tiling(), (64, 64))


def test_a_box_drawn_over_the_edge_is_fine():
    assert first_tile(Prompts.rectangle(-5, -5, 90, 30), Tiling(), (64, 64)).index == 0
    assert first_tile(Prompts.point(-0.5, 63.4), Tiling(), (64, 64)).index == 0
    corner = Prompts.from_mask(np.eye(90), top=-89, left=-89)
    assert first_tile(corner, Tiling(), (64, 64)).index == 0
    assert (
        first_tile(Prompts.scribble([(-900, 3), (2, 3)]), Tiling(), (64, 64)).index == 0
    )
