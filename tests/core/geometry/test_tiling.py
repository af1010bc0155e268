from math import gcd

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_sam.core.errors import ImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling

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
        assert t.window.top <= t.core.top < t.core.bottom <= t.window.bottom
        assert t.window.left <= t.core.left < t.core.right <= t.window.right
        assert plane.top <= t.window.top < t.window.bottom <= plane.bottom
        assert plane.left <= t.window.left < t.window.right <= plane.right
    assert (owners == 1).all()
    for t in tiles:
        assert t.shape == (tile[0] + 2 * halo[0], tile[1] + 2 * halo[1])
        assert t.window.top % gcd(tile[0], 32) == t.window.left % gcd(tile[1], 32) == 0


def test_by_default_a_plane_is_one_tile_of_level_0():
    (tile,) = Tiling().tiles((50, 70))
    assert tile.window == tile.core == Region(0, 0, 50, 70)
    assert str(Tiling()) == "whole"


@pytest.mark.parametrize("options", [{"tile": (0, 5)}, {"halo": (-1, 0)}, {"most": 0}])
def test_tiles_that_make_no_sense_are_refused(options):
    with pytest.raises(ImageError):
        Tiling(**options)
