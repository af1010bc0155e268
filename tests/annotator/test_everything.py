"""All objects are found, filtered, rejected and accepted, through a scripted view."""

from dataclasses import replace

import numpy as np
import pytest

from napari_sam import Address, Region
from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.scripted_view import (
    ImmediateExecutor,
    ScriptedSource,
    ScriptedView,
)
from napari_sam.automatic import FilterSettings, SimilarSettings
from napari_sam.core.mask import Mask
from napari_sam.testing import InstanceThresholdBackend


class Views:
    def show(self, image):
        return ScriptedView(image.source.frames.plane_shape)

    def hide(self, image):
        pass


class Pool:
    def open(self, name, **_):
        return InstanceThresholdBackend()


@pytest.fixture
def annotator(tmp_path, monkeypatch):
    monkeypatch.setenv("NAPARI_SAM_HOME", str(tmp_path))
    pixels = np.zeros((2, 60, 60), np.uint8)
    pixels[:, 5:15, 5:15] = 200
    pixels[:, 5:15, 30:50] = 200
    pixels[:, 40:46, 40:46] = 200
    made = Annotator(ImmediateExecutor(), Views(), pool=Pool())
    made.models.use("pocket")
    made.told, made.changes = [], []
    made.events.message.connect(lambda *message: made.told.append(message))
    made.events.automatic_changed.connect(lambda: made.changes.append(1))
    made.open(OpenImage.of(ScriptedSource(pixels, axes="tyx")))
    made.changes.clear()
    yield made
    made.close()


def areas(annotator):
    return sorted(one.mask.area for one in annotator.everything.masks)


def test_found_objects_wait_to_be_accepted(annotator):
    annotator.everything.find()
    assert areas(annotator) == [36, 100, 200]
    assert annotator.told[-1] == ("info", "3 objects found.")
    assert annotator.changes
    assert not annotator.session.labels[0].any()


def test_accepting_is_one_step(annotator):
    session = annotator.session
    annotator.everything.find()
    annotator.everything.accept()
    labels = np.asarray(session.labels[0])
    assert np.bincount(labels.ravel()).tolist()[1:] == [100, 200, 36]
    assert not np.asarray(session.labels[1]).any()
    assert annotator.told[-1] == ("info", "3 objects committed.")
    assert annotator.everything.masks == ()
    annotator.undo()
    assert not np.asarray(session.labels[0]).any()
    annotator.redo()
    np.testing.assert_array_equal(session.labels[0], labels)


def test_filters_move_without_the_model(annotator):
    annotator.everything.find()
    backend = annotator.session.image.backend
    before = backend.encoded
    annotator.everything.filter(FilterSettings(smallest=50))
    assert areas(annotator) == [100, 200]
    annotator.everything.filter(FilterSettings(smallest=50, largest=150))
    assert areas(annotator) == [100]
    annotator.everything.filter(FilterSettings())
    assert areas(annotator) == [36, 100, 200]
    assert backend.encoded == before


def test_a_mask_is_rejected_and_taken_again(annotator):
    annotator.everything.find()
    annotator.everything.reject(10, 40)
    assert areas(annotator) == [36, 100]
    annotator.everything.reject(30, 30)
    annotator.everything.reject(10.4, 39.6)
    assert areas(annotator) == [36, 100, 200]
    annotator.everything.reject(10, 10)
    annotator.everything.accept()
    assert sorted(annotator.session.objects) == [1, 2]
    assert not annotator.session.labels[0][10, 10]


def test_what_is_there_is_left_alone(annotator):
    session = annotator.session
    session.add_masks(
        {Address(0, 7): Mask.from_array(np.ones((12, 12)), top=4, left=4)}
    )
    annotator.everything.find()
    assert areas(annotator) == [36, 200]
    annotator.everything.accept()
    assert (np.asarray(session.labels[0]) == 7).sum() == 144
    assert sorted(session.objects) == [7, 8, 9]


def test_only_what_is_in_view_or_in_a_mask(annotator):
    annotator.view.region_in_view = lambda: Region(0, 0, 20, 20)
    annotator.everything.find(in_view=True)
    assert areas(annotator) == [100]
    right = Mask.from_array(np.ones((60, 30)), left=30)
    annotator.everything.find(within=right)
    assert areas(annotator) == [36, 200]


def test_the_plane_of_the_session(annotator):
    annotator.session.current = Address(1, 1)
    annotator.everything.find()
    assert annotator.everything.frame == 1
    annotator.everything.accept()
    assert np.asarray(annotator.session.labels[1]).any()
    assert not np.asarray(annotator.session.labels[0]).any()


def test_nothing_to_accept_is_said(annotator):
    annotator.everything.accept()
    kind, text = annotator.told[-1]
    assert kind == "error"
    assert "find objects first" in text
    annotator.everything.filter(FilterSettings(smallest=1000))
    annotator.everything.find()
    assert "none passes the filters" in annotator.told[-1][1]


def test_leaving_forgets_what_was_found(annotator):
    annotator.everything.find()
    annotator.leave()
    assert annotator.everything.masks == ()


def test_all_planes_are_found_and_accepted_as_one_step(annotator):
    session = annotator.session
    annotator.everything.find(all_planes=True)
    assert annotator.everything.frames == (0, 1)
    assert annotator.everything.count == 6
    assert areas(annotator) == [36, 100, 200]
    annotator.everything.reject(10, 10)
    session.current = Address(1, 1)
    assert areas(annotator) == [36, 100, 200]
    assert annotator.everything.count == 5
    annotator.everything.accept()
    assert sorted(session.objects) == [1, 2, 3, 4, 5]
    assert not session.labels[0][10, 10]
    assert session.labels[1][10, 10]
    annotator.undo()
    assert not np.asarray(session.labels).any()


def test_masks_under_a_line_are_merged(annotator):
    annotator.everything.find()
    annotator.everything.merge([(10, 10), (10, 40)])
    assert areas(annotator) == [36, 300]
    annotator.everything.accept()
    labels = np.asarray(annotator.session.labels[0])
    assert labels[10, 10] == labels[10, 40] > 0
    annotator.everything.find()
    annotator.everything.merge([(0, 0), (2, 2)])
    assert annotator.told[-1] == (
        "error",
        "The line runs through fewer than two masks.",
    )


def test_a_mask_under_a_line_is_split(annotator):
    annotator.everything.find()
    annotator.everything.split([(2, 40), (18, 40)])
    assert areas(annotator) == [36, 90, 100, 110]
    annotator.everything.split([(8, 33), (12, 36)])
    assert "in two" in annotator.told[-1][1]
    annotator.everything.filter(FilterSettings(score=1))
    assert areas(annotator) == [90, 110]


def test_only_what_is_like_chosen_objects(annotator):
    session = annotator.session
    square = Mask.from_array(np.ones((10, 10)), top=5, left=5)
    session.add_masks({Address(1, 7): square})
    by_size = SimilarSettings(by_light=0, by_features=0)
    annotator.everything.compare(by_size)
    annotator.everything.find(like=[7])
    assert annotator.everything.has_examples
    assert areas(annotator) == [100, 200]
    before = session.image.backend.encoded
    annotator.everything.compare(replace(by_size, similarity=0.9))
    assert areas(annotator) == [100]
    annotator.everything.compare(replace(by_size, similarity=0))
    assert areas(annotator) == [36, 100, 200]
    assert session.image.backend.encoded == before
    annotator.everything.find(like=[8])
    assert "no pixels" in annotator.told[-1][1]


def test_approved_objects_are_never_touched(annotator):
    session = annotator.session
    part = Mask.from_array(np.ones((3, 10)), top=5, left=5)
    session.add_masks({Address(0, 7): part})
    annotator.editing.approve(7)
    annotator.everything.find()
    annotator.everything.accept()
    labels = np.asarray(session.labels[0])
    assert (labels == 7).sum() == 30
    assert labels[12, 12] not in (0, 7)
