import numpy as np
import pytest

from napari_sam.backends.sam2.memory_choice import chosen
from napari_sam.core.errors import ModelError
from napari_sam.core.protocols import Memory

ARRAYS = {"features": np.zeros(1), "pointer": np.zeros(1)}


def memory(ago, *, prompted=False, arrays=ARRAYS):
    return Memory(arrays, ago, prompted)


def ages(memories):
    choice = chosen(memories, 6, 15)
    return [a for a, _ in choice.features], [a for a, _ in choice.pointers]


@pytest.mark.parametrize("way", [1, -1])
def test_the_latest_count_and_older_ones_by_their_pointers(way):
    memories = [memory(20 * way, prompted=True)]
    memories += [memory(ago * way) for ago in range(19, 0, -1)]
    features, pointers = ages(memories)
    assert features == [0, 6, 5, 4, 3, 2, 1]
    assert pointers == [20, *range(1, 16)]


def test_what_lies_ahead_lends_its_features_alone():
    features, pointers = ages([memory(-4, prompted=True), memory(2), memory(1)])
    assert features == [0, 2, 1]
    assert pointers == [1, 2]


def test_a_few_prompted_ones_count_on_both_sides():
    """The others are as if they were not prompted."""
    prompted = [memory(ago, prompted=True) for ago in (3, 4, 8, 9, -30)]
    choice = chosen([*prompted, memory(1)], 6, 15)
    assert [m.frames_ago for a, m in choice.features if a == 0] == [3, -30, 4, 8]
    assert [a for a, _ in choice.pointers] == [3, 4, 8, 1, 9]


def test_a_memory_without_features_has_a_pointer():
    pointer = memory(3, arrays={"pointer": np.zeros(1)})
    assert ages([memory(5, prompted=True), pointer]) == ([0], [5, 3])


def test_nothing_is_recalled_of_nothing():
    for none in ([], [memory(-3), memory(1, arrays={"pointer": np.zeros(1)})]):
        with pytest.raises(ModelError, match="nothing is remembered"):
            chosen(none, 6, 15)


def test_memories_fade_part_by_part():
    old = Memory(ARRAYS, lasts={"features": 6, "pointer": 15})
    assert old._replace(frames_ago=-6).faded().arrays.keys() == ARRAYS.keys()
    assert list(old._replace(frames_ago=7).faded().arrays) == ["pointer"]
    assert old._replace(frames_ago=16).faded() is None
    assert Memory(ARRAYS, 99).faded().arrays == ARRAYS
