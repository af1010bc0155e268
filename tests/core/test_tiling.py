import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.core.errors import (
    ImageError,
    PromptOutsideImageError,
    PromptSpansTilesError,
)
from napari_sam.core.prompts import Prompts
from napari_sam.core.tiling import Region, Tiling

sides = st.tuples(st.integers(1, 90), st.integers(1, 90))
halos = st.tuples(st.integers(0, 20), st.integers(0, 20))


@given(sides, sides, halos)
def test_cores_partition_the_plane_and_lie_in_what_is_read(shape, tile, halo):
    tiles = Tiling(tile, halo).tiles(shape)
    owners = np.zeros(shape, int)
    plane = Region(0, 0, *shape)
    for i, t in enumerate(tiles):
        owners[t.core.slices] += 1
        assert (t.index, t.level) == (i, 0)
        assert t.read.top <= t.core.top < t.core.bottom <= t.read.bottom
        assert t.read.left <= t.core.left < t.core.right <= t.read.right
        assert plane.top <= t.read.top < t.read.bottom <= plane.bottom
        assert plane.left <= t.read.left < t.read.right <= plane.right
    assert (owners == 1).all()
    assert len({t.read.shape for t in tiles}) == 1, "every tile sees as much"


def test_by_default_a_plane_is_one_tile_of_level_0():
    (tile,) = Tiling().tiles((50, 70))
    assert tile.read == tile.core == Region(0, 0, 50, 70)
    assert str(Tiling()) == "whole"


@given(st.integers(0, 199), st.integers(0, 149))
def test_an_object_stays_in_its_tile_when_a_click_is_added(row, col):
    tiling, shape = Tiling((64, 64), (16, 16)), (200, 150)
    first = Prompts.point(row, col)
    tile = tiling.route(first, shape)
    assert tile.read.holds(row, col)
    assert tiling.route(first.point(3, 3, positive=False), shape) == tile


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
        Tiling().route(said, (64, 64))


def test_a_box_drawn_over_the_edge_is_fine():
    assert Tiling().route(Prompts.rectangle(-5, -5, 90, 30), (64, 64)).index == 0
    assert Tiling().route(Prompts.point(-0.5, 63.4), (64, 64)).index == 0
    corner = Prompts.from_mask(np.eye(90), top=-89, left=-89)
    assert Tiling().route(corner, (64, 64)).index == 0
    assert Tiling().route(Prompts.scribble([(-900, 3), (2, 3)]), (64, 64)).index == 0


def test_what_does_not_fit_in_a_tile_is_refused():
    tiling = Tiling((32, 32), (4, 4))
    with pytest.raises(PromptSpansTilesError, match="larger halo"):
        tiling.route(Prompts.rectangle(0, 0, 60, 60), (64, 64))
    with pytest.raises(PromptSpansTilesError):
        tiling.route(Prompts.point(1, 1).point(60, 60), (64, 64))
    tiling.route(Prompts.point(1, 1).point(60, 60, positive=False), (64, 64))


@pytest.mark.parametrize("options", [{"tile": (0, 5)}, {"halo": (-1, 0)}])
def test_tiles_that_make_no_sense_are_refused(options):
    with pytest.raises(ImageError):
        Tiling(**options)
