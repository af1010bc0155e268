from contextlib import closing

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import AxesError, ImageError, PromptError
from napari_sam.core.mask import Mask
from napari_sam.testing import ThresholdBackend, VideoThresholdBackend
from napari_sam.testing.propagator_suite import FRAMES, masks_of, movie
from napari_sam.tracking import (
    Edge,
    PropagateSettings,
    State,
    TrackBuilder,
    Tracks,
    iter_propagate,
    propagation_axis,
    track_edits,
)

PIXELS, LABELS = movie()
METHODS = pytest.mark.parametrize("method", ["prompt", "memory"])


def image_of(pixels=PIXELS, axes="tyx", **options):
    return sam.PromptableImage(pixels, VideoThresholdBackend(), axes=axes, **options)


def build(image, seeds, *, tracks=None, axis=None, **options):
    builder = TrackBuilder(
        image.frames, propagation_axis(image.frames, axis), base=tracks
    )
    for step in iter_propagate(image, seeds, axis=axis, tracks=tracks, **options):
        builder.add(step.finished)
        builder.remove(step.removed)
    return builder.tracks()


def ious(tracks, truth=LABELS):
    return {
        (s.id, int(f)): Mask.from_array(tracks.labels[int(f)] == s.id).iou(
            Mask.from_array(truth[f] == s.id)
        )
        for s in tracks.segments
        for f in s.frames
    }


@METHODS
@pytest.mark.parametrize("seed", [0, 3, FRAMES - 1])
def test_objects_go_from_any_frame_to_all_frames(method, seed):
    tracks = build(image_of(), {seed: LABELS[seed]}, method=method)
    found = ious(tracks)
    assert len(found) == 2 * FRAMES
    assert min(found.values()) > 0.7
    assert tracks[1].states.tolist().count(State.PROMPTED) == 1
    assert np.array_equal(tracks.labels[seed], LABELS[seed])


@METHODS
def test_objects_may_be_seeded_on_different_frames_by_prompts(method):
    seeds = {
        sam.Address(1, 1): sam.Prompts.point(21, 15),
        sam.Address(6, 2): sam.Prompts.rectangle(34, 30, 54, 50),
    }
    tracks = build(image_of(), seeds, method=method)
    assert len(tracks[1]) == len(tracks[2]) == FRAMES
    assert min(ious(tracks).values()) > 0.7


def test_each_step_has_the_frames_that_are_finished():
    image = image_of()
    steps = list(iter_propagate(image, {0: LABELS[0]}))
    assert [s.done for s in steps] == list(range(FRAMES))
    assert all(s.total == FRAMES - 1 for s in steps)
    assert [list(s.finished) for s in steps] == [[t] for t in range(FRAMES)]


def test_stopping_keeps_what_is_done():
    image = image_of()
    builder = TrackBuilder(image.frames, "t")
    with closing(iter_propagate(image, {0: LABELS[0]})) as work:
        for _, step in zip(range(4), work, strict=False):
            builder.add(step.finished)
    assert builder.tracks()[1].frames.tolist() == [0, 1, 2, 3]


def test_no_more_is_remembered_after_hundreds_of_frames_than_after_some():
    image = image_of(np.concatenate([PIXELS, PIXELS[::-1]] * 20))
    build(image, {0: LABELS[0]}, settings=PropagateSettings(memories=5))
    assert len(image.frames) == 320
    assert max(image.backend.recalled) == image.backend.recalled[-1] == 1 + 5


@METHODS
def test_a_second_propagation_encodes_nothing(method):
    image = image_of()
    first = build(image, {0: LABELS[0]}, method=method)
    encoded = image.backend.encoded
    again = build(image, {0: LABELS[0]}, method=method)
    assert image.backend.encoded == encoded
    assert np.array_equal(first.labels, again.labels)


def test_the_next_frame_is_embedded_while_this_one_is_decoded():
    image = image_of()
    work = iter_propagate(image, {0: LABELS[0]})
    next(work), next(work)
    work.close()
    assert image.backend.encoded == 3  # the seed's frame, the next one, and one ahead


@METHODS
def test_between_two_seeds_both_runs_meet(method):
    seeds = {0: np.where(LABELS[0] == 1, 1, 0), 7: np.where(LABELS[7] == 1, 1, 0)}
    image = image_of()
    steps = list(iter_propagate(image, seeds, method=method))
    tracks = build(image, seeds, method=method)
    assert len(tracks[1]) == FRAMES
    assert min(ious(tracks).values()) > 0.7
    # The frames between are known together, when both runs are through.
    together = [sorted(s.finished) for s in steps if s.finished]
    assert together == [[0, 7], [1, 2, 3, 4, 5, 6]]


def test_an_object_ends_and_appears_where_a_person_says_so():
    nothing = sam.Prompts.point(30, 30, positive=False)
    seeds = {
        sam.Address(3, 1): masks_of(LABELS[3])[1],
        sam.Address(5, 1): nothing,
        sam.Address(1, 1): None,
    }
    tracks = build(image_of(), seeds)
    assert tracks[1].frames.tolist() == [1, 2, 3, 4, 5]
    assert tracks[1].present.tolist() == [False, True, True, True, False]
    assert not np.asarray(tracks.labels[5]).any()


@METHODS
def test_a_correction_changes_frames_up_to_the_next_decided_ones(method):
    image = image_of()
    tracks = build(image, {0: LABELS[0]}, method=method)
    tracks = track_edits.approve(tracks, 1, [3])
    small = LABELS[5].copy()
    small[:, :19] = 0
    correction = {sam.Address(5, 1): masks_of(small)[1]}
    changed = build(image, correction, tracks=tracks, method=method)
    before, after = np.asarray(tracks.labels), np.asarray(changed.labels)
    differs = [t for t in range(FRAMES) if not np.array_equal(before[t], after[t])]
    assert differs
    assert set(differs) <= {4, 5, 6, 7}
    assert np.array_equal(after == 2, before == 2)
    assert np.array_equal(after[5] == 1, small == 1)
    states = changed[1].states
    assert states[[0, 3, 5]].tolist() == [1, 2, 1]
    assert not (after[4] == 1)[:, :5].any()


def test_a_correction_before_the_seed_reaches_the_first_frame():
    image = image_of()
    tracks = build(image, {4: LABELS[4]})
    correction = {sam.Address(2, 1): masks_of(LABELS[2])[1]}
    steps = list(iter_propagate(image, correction, tracks=tracks))
    assert sorted({f for s in steps for f in s.finished}) == [0, 1, 2, 3]


def test_frames_after_an_end_are_taken_off():
    image = image_of()
    tracks = build(image, {0: LABELS[0]})
    ended = build(image, {sam.Address(4, 1): None}, tracks=tracks)
    assert ended[1].frames.tolist() == [0, 1, 2, 3, 4]
    assert not (np.asarray(ended.labels[4:]) == 1).any()
    assert np.array_equal(np.asarray(ended.labels) == 2, np.asarray(tracks.labels) == 2)


def test_a_mother_does_not_go_on_beside_her_daughters():
    image = image_of()
    tracks = build(image, {0: np.where(LABELS[0] == 1, 1, 0)})
    tracks = track_edits.cut(tracks, 1, 5)
    labels = np.asarray(tracks.source).copy()
    labels[5:, 40:44, 40:44] = 9
    segments = [*tracks.segments, Tracks.from_labels(labels)[9]]
    tracks = Tracks(labels, segments, [Edge(1, 2), Edge(1, 9)])
    changed = build(image, {sam.Address(2, 1): masks_of(LABELS[2])[1]}, tracks=tracks)
    assert changed[1].last == 4
    assert changed.divisions == {1: (2, 9)}


@pytest.mark.parametrize(("axes", "axis"), [("tzyx", "t"), ("tzyx", "z"), ("zyx", "z")])
def test_objects_go_along_one_axis(axes, axis):
    pixels = PIXELS
    if axes == "tzyx":
        still = np.zeros_like(PIXELS)
        order = (0, 1) if axis == "z" else (1, 0)
        pixels = np.stack([PIXELS, still]).transpose(*order, 2, 3)
    image = image_of(pixels, axes)
    tracks = build(image, {0: LABELS[0]}, axis=axis)
    assert tracks.axis == axis
    assert [tracks.time(f) for f in tracks[1].frames.tolist()] == list(range(FRAMES))
    assert tracks.labels.shape == pixels.shape


def test_channels_are_part_of_a_frame():
    pixels = np.stack([PIXELS] * 3, axis=-1)
    image = image_of(pixels, "tyxc")
    assert len(build(image, {0: LABELS[0]})[2]) == FRAMES


def test_only_the_frames_that_are_wanted_are_filled():
    tracks = build(image_of(), {3: LABELS[3]}, frames=(2, 5))
    assert tracks[1].frames.tolist() == [2, 3, 4, 5]
    with pytest.raises(PromptError, match="frames=\\(2, 99\\)"):
        build(image_of(), {3: LABELS[3]}, frames=(2, 99))


def test_large_frames_are_worked_on_in_tiles():
    pixels = np.zeros((3, 200, 240), np.uint8)
    labels = np.zeros_like(pixels)
    for t in range(3):
        labels[t, 90 + t : 106 + t, 100 + 2 * t : 118 + 2 * t] = 1
        labels[t, 20:30, 200:212] = 2
    pixels[labels > 0] = 200
    image = image_of(pixels, tiling=sam.Tiling((48, 48), (8, 8)))
    tracks = build(image, {0: labels[0]})
    assert min(ious(tracks, labels).values()) > 0.8
    assert image.backend.encoded < 3 * 8


def test_masks_may_be_painted_into_an_array():
    image = image_of()
    out = np.zeros(PIXELS.shape, np.uint32)
    builder = TrackBuilder(image.frames, "t", out=out)
    for step in iter_propagate(image, {0: LABELS[0]}):
        builder.add(step.finished)
    tracks = builder.tracks()
    assert np.array_equal(out, tracks.labels)
    assert np.array_equal(out, build(image, {0: LABELS[0]}).labels)


def test_doubtful_frames_are_flagged_and_stay():
    settings = PropagateSettings(flag_below=1.0)
    tracks = build(image_of(), {0: LABELS[0]}, settings=settings)
    assert tracks[1].flags.tolist() == [False] + [True] * (FRAMES - 1)


@pytest.mark.parametrize(
    ("seeds", "error", "complaint"),
    [
        ({}, PromptError, "no object"),
        ({0: np.zeros((64, 64), int)}, PromptError, "no object"),
        ({99: LABELS[0]}, PromptError, "frame 99 of an image with 8"),
        ({0: LABELS[0][:5]}, ImageError, "shape"),
    ],
)
def test_seeds_that_say_nothing_are_refused(seeds, error, complaint):
    with pytest.raises(error, match=complaint):
        build(image_of(), seeds)


def test_an_image_of_one_frame_has_no_axis():
    image = sam.PromptableImage(PIXELS[0], ThresholdBackend())
    with pytest.raises(AxesError, match="along t or z"):
        next(iter_propagate(image, {0: LABELS[0]}))
