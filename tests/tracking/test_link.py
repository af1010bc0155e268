"""Linking: gaps, drift, divisions, merges and volumes; always a lineage."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import napari_sam as sam
from napari_sam.core.errors import AxesError, ImageError, SettingError, TrackError
from napari_sam.core.images.frames import Frames
from napari_sam.core.linking import Detection, Link
from napari_sam.synthetic import draw_timelapse
from napari_sam.testing.linker_suite import BIRTH, FRAMES, cells
from napari_sam.tracking import LinkSettings, Tracks
from napari_sam.tracking.linking.assignment import assign
from napari_sam.tracking.linking.linked_tracks import tracks_of_links


def disc(plane, label, row, col, radius=6):
    y, x = np.mgrid[: plane.shape[0], : plane.shape[1]]
    plane[(y - row) ** 2 + (x - col) ** 2 < radius**2] = label


def paths(tracks):
    """Times and labels of each segment."""
    return [
        list(zip(s.frames.tolist(), s.labels.tolist(), strict=True))
        for s in tracks.segments
    ]


def test_a_division_has_two_daughters_and_labels_stay_where_they_are():
    labels = cells(divides=True)
    tracks = sam.link(labels, axes="tyx")
    assert [s.id for s in tracks.segments] == [1, 2, 3, 4, 5]
    assert tracks.divisions == {3: (4, 5)}
    assert tracks[3].frames.tolist() == list(range(BIRTH))
    assert tracks[4].frames.tolist() == list(range(BIRTH, FRAMES))
    assert tracks.source.data is labels
    one = sam.link(labels, axes="tyx", settings=LinkSettings(divisions=False))
    assert not one.edges


def test_what_is_missed_for_some_frames_is_the_same_object():
    labels = cells()
    labels[2:4][labels[2:4] == 1] = 0
    tracks = sam.link(labels, axes="tyx")
    assert tracks[1].frames.tolist() == [0, 1, 4, 5]
    short = sam.link(labels, axes="tyx", settings=LinkSettings(max_gap=1))
    assert short[1].frames.tolist() == [0, 1]
    assert len(short.segments) == 4


def test_drift_of_all_is_taken_off():
    draw = np.random.default_rng(3)
    places = []
    while len(places) < 40:
        place = draw.integers(60, 200, 2)
        if all(np.abs(place - other).max() > 14 for other in places):
            places.append(place)
    moved = np.zeros((5, 256, 256), np.uint8)
    for t in range(5):
        for i, place in enumerate(places):
            row, col = place + draw.integers(-1, 2, 2) + (-13 * t, 11 * t)
            disc(moved[t], i + 1, row, col, 5)
    assert paths(sam.link(moved, axes="tyx")) == paths(Tracks.from_labels(moved))
    without = sam.link(moved, axes="tyx", settings=LinkSettings(drift=False))
    assert paths(without) != paths(Tracks.from_labels(moved))


def test_a_speck_beside_a_cell_is_no_daughter():
    for radius, frames in ((3, FRAMES), (10, BIRTH + 1)):  # too small; gone at once
        labels = cells()
        for t in range(BIRTH, frames):
            disc(labels[t], 9, 70, 70, radius)
        tracks = sam.link(labels, axes="tyx")
        assert tracks.divisions == {}
        assert len(tracks.segments) == 4


def test_two_objects_merge_only_where_that_is_asked_for():
    labels = cells(divides=True)[::-1].copy()
    assert sam.link(labels, axes="tyx").merges == {}
    tracks = sam.link(labels, axes="tyx", settings=LinkSettings(merges=True))
    assert [len(v) for v in tracks.merges.values()] == [2]


def test_a_volume_is_one_object_of_its_time_and_a_stack_is_linked_along_z():
    flat = cells(divides=True)
    volume = np.stack([np.zeros_like(flat), *[flat] * 9], axis=1)
    tracks = sam.link(volume, axes="tzyx")
    assert tracks.axis == "t"
    assert tracks.divisions == {3: (4, 5)}
    assert tracks[1].frames.tolist() == [
        10 * t + z for t in range(FRAMES) for z in range(1, 10)
    ]
    stack = sam.link(flat, axes="zyx")
    assert stack.axis == "z"
    assert paths(stack) == paths(sam.link(flat, axes="tyx"))


def test_frames_are_read_one_after_another():
    labels, read = cells(), []

    class Lazy:
        shape, dtype = labels.shape, labels.dtype

        def __getitem__(self, index):
            read.append(index[0])
            return labels[index]

    assert len(sam.link(Lazy(), axes="tyx").segments) == 3
    assert read == [*range(FRAMES), *range(FRAMES)]


def test_most_links_of_a_synthetic_movie_are_right():
    movie = draw_timelapse(seed=4, frames=12, size=256, cells=8)
    draw = np.random.default_rng(0)
    mixed = np.stack([np.append(0, 1 + draw.permutation(99))[p] for p in movie.labels])
    found = sam.link(mixed, axes="tyx")
    truth = Tracks.from_labels(movie.labels)
    right = total = 0
    for segment in truth.segments:
        for a, b in zip(segment.frames[:-1], segment.frames[1:], strict=True):
            total += 1
            ids = [
                np.unique(found.labels[int(f)][movie.labels[f] == segment.id])
                for f in (a, b)
            ]
            right += ids[0].tolist() == ids[1].tolist()
    assert total > 80
    assert right >= 0.98 * total


def test_what_cannot_be_linked_is_refused():
    labels = cells()
    with pytest.raises(AxesError, match="axes='tyx'"):
        sam.link(labels[0])
    with pytest.raises(AxesError, match="axis='z'"):
        sam.link(labels, axes="tyx", axis="z")
    with pytest.raises(AxesError, match="same frames"):
        sam.link(labels, axes="tyx", image=labels[:3])
    with pytest.raises(ImageError, match="no whole numbers"):
        sam.link(labels + 0.5, axes="tyx")
    with pytest.raises(SettingError, match="'overlap', 'trackastra'"):
        sam.link(labels, axes="tyx", method="magic")


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [((0, 1), (1, 9), "no such object"), ((1, 1), (0, 1), "must go forward")],
)
def test_links_that_mean_nothing_are_refused(source, target, complaint):
    wrong = Link(Detection(*source), Detection(*target))
    with pytest.raises(TrackError, match=complaint):
        tracks_of_links(Frames(cells(), "tyx"), [wrong], axis="t")


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(*[st.integers(0, 6)] * 2, st.floats(0, 3)), max_size=25))
def test_the_assignment_is_the_best_of_all(pairs):
    """Compared with the dense solver, which sees every pair."""
    from scipy.optimize import linear_sum_assignment

    pairs = list({(i, j): (i, j, c) for i, j, c in pairs}.values())
    rows, columns = (np.array([p[k] for p in pairs], int) for k in (0, 1))
    costs, limit = np.array([p[2] for p in pairs], float), 2.0
    chosen = assign(rows, columns, costs, limit)
    assert len(set(rows[chosen])) == len(set(columns[chosen])) == len(chosen)
    gains = np.zeros((7, 7))
    gains[rows, columns] = np.minimum(costs - limit, 0)
    best = gains[linear_sum_assignment(gains)].sum()
    assert np.isclose((costs[chosen] - limit).sum(), best)


NOISE = arrays(np.uint8, (5, 6, 7), elements=st.sampled_from([0, 0, 0, 1, 2, 3, 9]))


@settings(deadline=None, max_examples=60)
@given(NOISE, st.booleans(), st.integers(0, 3), st.floats(0, 5))
def test_whatever_the_labels_are_the_tracks_are_a_lineage(labels, merges, gap, reach):
    options = LinkSettings(
        merges=merges, max_gap=gap, max_distance=reach, daughter_area=0, sister_area=0
    )
    tracks = sam.link(labels, axes="tyx", settings=options)
    objects = {(t, i) for t in range(5) for i in np.unique(labels[t]).tolist() if i}
    members = [one for path in paths(tracks) for one in path]
    assert len(members) == len(objects)
    assert set(members) == objects
    assert [s.id for s in tracks.segments] == list(range(1, len(tracks.segments) + 1))
    parents = [e.target for e in tracks.edges if e.target not in tracks.merges]
    assert len(parents) == len(set(parents))
    assert all(len(ids) >= 2 for ids in tracks.divisions.values())
    if not merges:
        assert tracks.merges == {}


@st.composite
def families(draw):
    """Links of random chains of which some divide, into two or three."""
    links, free, number = [], [Detection(0, i) for i in range(1, 4)], 3
    members = set(free)
    for _ in range(draw(st.integers(0, 15))):
        one = draw(st.sampled_from(free))
        free.remove(one)
        time = one.time + draw(st.integers(1, 2))
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            number += 1
            links.append(Link(one, Detection(time, number)))
            free.append(links[-1].target)
            members.add(links[-1].target)
    return members, links


@settings(deadline=None, max_examples=60)
@given(families())
def test_tracks_of_links_are_those_links(family):
    members, links = family
    labels = np.zeros((1 + max(t for t, _ in members), 1, 64), np.uint8)
    for time, label in members:
        labels[time, 0, label] = label
    tracks = tracks_of_links(Frames(labels, "tyx"), links, axis="t")
    found = []
    for path in paths(tracks):
        found += [Link(Detection(*a), Detection(*b)) for a, b in pairwise(path)]
    ends = {s.id: (paths(tracks)[k][0], paths(tracks)[k][-1])
            for k, s in enumerate(tracks.segments)}  # fmt: skip
    found += [
        Link(Detection(*ends[e.source][1]), Detection(*ends[e.target][0]))
        for e in tracks.edges
    ]
    assert sorted(found) == sorted(links)
    outs = [a for a, _ in links]
    assert len(tracks.divisions) == len({a for a in outs if outs.count(a) > 1})
