"""Where objects lie is known by object and by frame, however many there are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_sam import Address, Frames
from napari_sam.core.geometry.region import Region
from napari_sam.session import LabelStore
from napari_sam.session.labels import pair_table
from napari_sam.session.labels.footprints import Footprint
from napari_sam.session.labels.pair_table import PairTable
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.object_table import ObjectInfo, ObjectTable

NUMBERS = st.sampled_from([0, 1, 2, 7, 2**31, 2**32 - 1])


@settings(max_examples=200, deadline=None)
@given(
    steps=st.lists(st.tuples(NUMBERS, NUMBERS, st.none() | st.integers(0, 9))),
    beside=st.integers(0, 4),
)
def test_a_pair_table_is_a_dictionary(steps, beside):
    table, known = PairTable(columns=1), {}
    with _beside(beside):
        for first, second, value in steps:
            if value is None:
                table.drop(first, second)
                known.pop((first, second), None)
            else:
                is_new = table.get(first, second) is None
                table.set(first, second, (value,), is_new=is_new)
                known[first, second] = value
            assert len(table) == len(known)
    for first, second, _ in steps:
        row = table.get(first, second)
        assert (None if row is None else row[0]) == known.get((first, second))
        assert table.seconds(first) == sorted(b for a, b in known if a == first)
    assert table.firsts() == sorted({a for a, _ in known})


class _beside:
    def __init__(self, most):
        self.most = most

    def __enter__(self):
        self.before, pair_table._BESIDE = pair_table._BESIDE, self.most

    def __exit__(self, *_):
        pair_table._BESIDE = self.before


@settings(max_examples=50, deadline=None)
@given(numbers=st.lists(st.tuples(st.integers(1, 20), st.booleans())))
def test_the_largest_number_is_always_known(numbers):
    table = ObjectTable()
    for number, there in numbers:
        table.put(number, ObjectInfo() if there else None)
        assert table.largest == max(table, default=0)


def test_footprints_are_found_by_object_and_by_frame():
    labels = np.zeros((4, 32, 32), np.uint32)
    labels[0, 2:4, 2:5], labels[2, 10:12, 10:12], labels[2, 20, 20] = 3, 3, 8
    store = LabelStore(Frames(labels, "tyx"), labels)
    assert store.footprints.of_object(3) == [Address(0, 3), Address(2, 3)]
    assert store.footprints.in_frame(2) == [3, 8]
    assert store.footprints.frames == [0, 2]
    assert store.footprints[Address(0, 3)] == Footprint(Region(2, 2, 4, 5), 6)
    assert store.footprints.in_frame(1) == []


def test_a_patch_of_many_objects_keeps_their_regions_small():
    labels = np.zeros((1, 64, 64), np.uint32)
    store = LabelStore(Frames(labels, "tyx"))
    after = np.zeros((64, 64), np.uint32)
    after[2:4, 2:4], after[60:62, 60:63] = 1, 2
    patch = LabelPatch.between(0, Region(0, 0, 64, 64), np.zeros_like(after), after)
    version = store.version(0)
    store.write(patch)
    assert store.version(0) != version
    assert store.footprints[Address(0, 2)].region == Region(60, 60, 62, 63)
    store.write(patch.inverse())
    assert not store.footprints
    store.write(patch)
    assert store.footprints[Address(0, 1)].region == Region(2, 2, 4, 4)


def test_a_large_movie_opens_without_being_allocated():
    pixels = np.broadcast_to(np.zeros((), np.uint8), (10_000, 1024, 1024))
    store = LabelStore(Frames(pixels, "tyx"))
    assert not isinstance(store.array, np.ndarray)
    store.array[9_999, 5, 5] = 4
    assert store.read(9_999, Region(5, 5, 6, 6)).item() == 4
