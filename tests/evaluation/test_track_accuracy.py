"""Measures of tracks, and of propagated masks."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import TrackError
from napari_sam.evaluation.boundary_accuracy import boundary_f, mask_fs
from napari_sam.evaluation.propagated_masks import mask_ious, mean_j
from napari_sam.evaluation.track_accuracy import track_accuracy
from napari_sam.testing.linker_suite import BIRTH, FRAMES, cells
from napari_sam.tracking import Edge, Tracks, track_edits

pytest.importorskip("ctc_metrics")


def truth():
    return Tracks.from_labels(
        cells(divides=True), axes="tyx", edges=[Edge(3, 4), Edge(3, 5)]
    )


def test_the_truth_itself_is_perfect():
    found = track_accuracy(truth(), truth())
    assert (found.seg, found.det, found.tra, found.lnk, found.chota) == (1,) * 5
    assert (found.divisions.right, found.divisions.f1) == (1, 1.0)


def test_a_missed_division_costs_links_and_no_objects():
    found = track_accuracy(truth(), truth().changed(edges=[]))
    assert found.seg == found.det == 1
    assert found.divisions.missed == found.divisions_near.missed == 1
    assert found.divisions.f1 == 0
    edges = 2 * (FRAMES - 1) + (BIRTH - 1) + 2 + 2 * (FRAMES - BIRTH - 1)
    assert found.lnk == pytest.approx(1 - 2 / edges)  # two links are to be added
    assert found.tra == pytest.approx(1 - 3 / (10 * 21 + 1.5 * edges))


def test_a_division_one_frame_late_is_near():
    late = cells(divides=True)
    late[BIRTH] = np.where(np.isin(late[BIRTH], (4, 5)), 3, late[BIRTH])
    edges = [Edge(3, 4), Edge(3, 5)]
    found = track_accuracy(truth(), Tracks.from_labels(late, axes="tyx", edges=edges))
    assert (found.divisions.right, found.divisions.wrong) == (0, 1)
    assert found.divisions_near.right == 1
    assert found.det < 1


def test_half_an_object_is_no_object():
    labels = cells()
    labels[2][labels[2] == 2] = 0
    labels[3][(labels[3] == 1) & (np.arange(96) < 17)] = 0  # most of it is left
    found = track_accuracy(Tracks.from_labels(cells()), Tracks.from_labels(labels))
    kept = (labels[3] == 1).sum() / (cells()[3] == 1).sum()
    assert 0.5 < kept < 1
    assert found.seg == pytest.approx((3 * FRAMES - 2 + kept) / (3 * FRAMES))
    assert found.det == pytest.approx(1 - 1 / (3 * FRAMES))
    assert found.divisions.f1 is None


def test_a_swap_is_seen_by_association():
    swapped = track_edits.swap(truth(), 1, 2, 3)
    found = track_accuracy(truth(), swapped)
    assert found.det == 1
    assert found.tra < 1
    assert found.chota < 0.95


def test_gaps_are_the_same_in_truth_and_result():
    labels = cells()
    labels[2][labels[2] == 1] = 0
    gapped = Tracks.from_labels(labels)
    assert track_accuracy(gapped, gapped).tra == 1
    assert track_accuracy(gapped, sam.link(labels, axes="tyx")).chota == 1


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(TrackError, match="same frames"):
        track_accuracy(truth(), Tracks.from_labels(cells()[:3]))
    with pytest.raises(TrackError, match="no tracks"):
        track_accuracy(truth(), Tracks(cells(), []))


def test_j_is_the_mean_over_objects_without_the_frames_that_were_given():
    labels = cells()
    labels[1][labels[1] == 1] = 0
    labels[2][labels[2] == 2] = 3
    ious = mask_ious(Tracks.from_labels(cells()), Tracks.from_labels(labels))
    assert ious[1] == {f: float(f != 1) for f in range(FRAMES)}
    true = cells()[2]
    assert ious[3][2] == (true == 3).sum() / (true > 1).sum()
    n = FRAMES - 1
    thirds = (n - 1 + ious[3][2]) / n
    given = {i: {0} for i in (1, 2, 3)}
    assert mean_j(ious, given) == pytest.approx(((n - 1) / n * 2 + thirds) / 3)
    assert mean_j(ious, {i: range(FRAMES) for i in (1, 2, 3)}) is None


def test_f_forgives_boundaries_that_are_a_little_off():
    square = np.zeros((60, 60), bool)
    square[20:40, 20:40] = True
    assert boundary_f(square, square, tolerance=1) == 1
    assert boundary_f(square, np.roll(square, 1, 0), tolerance=1) == 1
    assert 0 < boundary_f(square, np.roll(square, 4, 0), tolerance=1) < 1
    assert boundary_f(square, np.roll(square, 4, 0), tolerance=4) == 1
    assert boundary_f(square, np.zeros_like(square), tolerance=1) == 0
    assert boundary_f(~square & square, ~square & square, tolerance=1) == 1


def test_f_of_each_object_and_frame():
    labels = cells()
    labels[1][labels[1] == 1] = 0
    found = mask_fs(Tracks.from_labels(cells()), Tracks.from_labels(labels))
    assert found[1] == {f: float(f != 1) for f in range(FRAMES)}
    assert set(found[2].values()) == {1.0}
