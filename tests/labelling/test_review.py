"""A review: uncertain objects first, decisions on the disk at once, and learnt from."""

import json

import numpy as np
import pytest
import tifffile

import napari_sam as sam
from napari_sam.core.errors import ImageError
from napari_sam.core.mask import Mask
from napari_sam.labelling import EditedLabels

from .conftest import scene


def reopened(dataset):
    return sam.LabelledDataset(dataset.path)


def item(dataset, image, number):
    found = {one.key: one for one in dataset.items()}
    return found[image, number]


def labels(dataset, name):
    return tifffile.imread(dataset.path / "labels" / f"{name}.tif")


def test_the_queue_has_what_nobody_reviewed_most_doubtful_first(dataset):
    queue = dataset.most_uncertain()
    assert len(queue) == 19, "two of 21 are the examples"
    uncertainties = [one.uncertainty for one in queue]
    assert uncertainties == sorted(uncertainties, reverse=True)
    assert 0 < uncertainties[0] < 1
    assert {one.category for one in dataset.most_uncertain(category="bar")} == {"bar"}
    assert {one.image.stem for one in dataset.most_uncertain(3, image="b.tif")} == {"b"}
    assert len(dataset.most_uncertain(3)) == 3


def test_decisions_leave_the_queue_and_are_there_after_a_crash(dataset):
    first, second = dataset.most_uncertain(2)
    dataset.accept(first)
    dataset.set_class(second, "odd")
    again = reopened(dataset)  # nobody saved
    assert again.counts == {"found": 17, "accepted": 4, "rejected": 0, "corrected": 0}
    assert {one.key for one in again.most_uncertain()}.isdisjoint(
        {first.key, second.key}
    )
    assert item(again, *second.key).category == "odd"
    assert again.classes == ("bar", "odd", "square")


def test_what_is_rejected_leaves_the_labels_and_undo_brings_it_back(dataset):
    before = labels(dataset, "b")
    dataset.reject(item(dataset, "b", 2))
    assert not (labels(dataset, "b") == 2).any()
    assert (labels(dataset, "b") == 1).any()
    assert dataset.counts["rejected"] == 1
    assert dataset.undo().key == ("b", 2)
    np.testing.assert_array_equal(labels(dataset, "b"), before)
    assert reopened(dataset).counts["rejected"] == 0
    assert dataset.undo() is None


def test_a_rejected_object_that_is_accepted_after_all_is_back(dataset):
    before = labels(dataset, "b")
    dataset.reject(item(dataset, "b", 2))
    dataset.accept(item(dataset, "b", 2))
    np.testing.assert_array_equal(labels(dataset, "b"), before)
    assert item(reopened(dataset), "b", 2).row.status == "accepted"


def test_a_corrected_mask_is_in_the_labels_and_others_keep_their_pixels(dataset):
    one = item(dataset, "a", 2)
    wider = Mask.from_array(np.ones((8, 45), bool), top=3, left=5)
    dataset.correct(one, wider)
    now = labels(dataset, "a")
    assert (now == 1).sum() == 36
    assert (now == 2).sum() == 8 * 45 - 6 * 5 - 6 * 6
    again = item(reopened(dataset), "a", 2)
    assert again.row.status == "corrected"
    assert again.row.area == (now == 2).sum()
    assert reopened(dataset).mask(again) == Mask.from_array(now == 2)
    with pytest.raises(ImageError, match="other objects only"):
        dataset.correct(one, Mask.from_array(np.ones((2, 2), bool), top=5, left=45))
    dataset.undo()
    np.testing.assert_array_equal(labels(dataset, "a"), scene()[1])


def test_a_crash_between_the_log_and_the_labels_is_made_good(dataset):
    before = labels(dataset, "c")
    dataset.reject(item(dataset, "c", 3))
    after = labels(dataset, "c")
    tifffile.imwrite(dataset.path / "labels" / "c.tif", before)
    again = reopened(dataset)
    np.testing.assert_array_equal(labels(dataset, "c"), after)
    again.undo()
    tifffile.imwrite(dataset.path / "labels" / "c.tif", after)
    reopened(dataset)
    np.testing.assert_array_equal(labels(dataset, "c"), before)


def test_a_torn_line_is_passed_over_and_a_damaged_one_is_said(dataset):
    dataset.accept(dataset.most_uncertain(1)[0])
    log = dataset.path / "review.jsonl"
    whole = log.read_text()
    log.write_text(whole + '\n{"image": "a", "ob')
    assert reopened(dataset).counts["accepted"] == 3
    log.write_text(whole + json.dumps({"image": "a"}))
    with pytest.raises(ImageError, match="damaged"):
        reopened(dataset)


def test_classes_of_what_is_left_are_learnt_from_what_was_reviewed(
    images, tmp_path, backend
):
    dataset = sam.label(images, tmp_path / "none", model=backend)
    dataset.set_class(item(dataset, "a", 1), "square")
    assert item(dataset, "b", 1).category == "", "one class tells nothing apart"
    dataset.set_class(item(dataset, "a", 5), "bar")
    assert dataset.class_counts == {"bar": 9, "square": 12}
    assert 0.5 < item(dataset, "b", 1).row.class_score < 1
    dataset.save()
    table = (dataset.path / "labels" / "c.csv").read_text()
    assert (table.count("square"), table.count("bar")) == (4, 3)
    assert reopened(dataset).class_counts == dataset.class_counts
    while dataset.undo():
        pass
    assert dataset.class_counts == {"": 21}


def test_what_was_rejected_makes_the_like_of_it_doubtful(dataset):
    calm = item(dataset, "c", 6)
    dataset.reject(item(dataset, "a", 6))
    dataset.reject(item(dataset, "b", 5))
    dataset.reject(item(dataset, "b", 6))
    wary = item(dataset, "c", 6)
    assert calm.wrong == 0
    assert wary.wrong > item(dataset, "c", 1).wrong
    assert wary.uncertainty > calm.uncertainty
    assert {one.category for one in dataset.most_uncertain(2)} == {"bar"}


def test_reviewed_images_are_not_labelled_again_unless_that_is_wanted(
    dataset, images, backend, classes
):
    dataset.reject(item(dataset, "b", 2))
    told = []
    again = sam.label(
        images, dataset.path, model=backend, report=lambda o: told.append(o.state)
    )
    assert sorted(told) == ["there", "written", "written"]
    assert again.counts["rejected"] == 1
    assert item(again, "b", 1).category == "square"
    anew = sam.label(
        images, dataset.path, classes, on="a.tif", model=backend, overwrite=True
    )
    assert anew.counts["rejected"] == 0
    assert (dataset.path / "review.1.jsonl").exists(), "nothing is lost"
    np.testing.assert_array_equal(labels(anew, "b"), scene(1)[1])


def test_leaving_saves_the_tables(dataset):
    with reopened(dataset) as opened:
        opened.set_class(opened.most_uncertain(1)[0], "rare")
        key = opened.items()[0].key
    tables = [p.read_text() for p in (dataset.path / "labels").glob("*.csv")]
    assert any("rare" in table for table in tables)
    assert key == ("a", 1)


def test_a_picture_shows_the_object_in_its_middle_with_its_outline(dataset):
    picture = dataset.picture(item(dataset, "b", 2), side=96)
    assert picture.shape == (96, 96, 3)
    assert picture.dtype == np.uint8
    outlined = (picture == (255, 200, 0)).all(-1)
    assert outlined.any()
    assert not outlined[48, 48]
    assert picture[48, 48].min() > 200
    assert picture[0].max() == 0, "outside of the image"


def test_a_corrected_object_is_described_anew_and_undo_brings_back_the_old(
    dataset, backend
):
    known = sam.LabelledDataset(dataset.path, backend=backend)
    before = known._objects.features.looks.areas.copy()
    one = item(known, "b", 1)
    place = known._objects.require(one.key)
    known.correct(one, Mask.from_array(np.ones((3, 3), bool), top=4, left=5))
    assert known._objects.features.looks.areas[place] == 9
    assert known._objects.features.shapes[place][0] == pytest.approx(1)
    again = reopened(known)
    assert again._objects.features.looks.areas[place] == 9
    np.testing.assert_array_equal(np.delete(before, place), _but(again, place))
    again.undo()
    assert again._objects.features.looks.areas[place] == 36


def _but(dataset, place):
    return np.delete(dataset._objects.features.looks.areas, place)


def test_an_object_that_was_missed_is_added_and_undo_takes_it_out(dataset):
    mask = Mask.from_array(np.ones((4, 4), bool), top=25, left=50)
    added = dataset.add("b", 0, mask, category="dot")
    assert added.key == ("b", 8)
    assert (labels(dataset, "b") == 8).sum() == 16
    again = reopened(dataset)
    assert item(again, "b", 8).row.status == "accepted"
    assert item(again, "b", 8).row.source == "drawn"
    assert len(again) == 22
    assert again.undo().key == ("b", 8)
    assert not (labels(again, "b") == 8).any()
    assert again.add("b", 0, mask).key == ("b", 9), "no number is used twice"
    with pytest.raises(ImageError, match="not among the images"):
        dataset.add("none", 0, mask)


def test_what_was_edited_elsewhere_is_taken_over(dataset):
    edited = EditedLabels(dataset, "b")
    now = edited.labels.copy()
    now[now == 1] = 0  # gone
    now[4:8, 25:31][now[4:8, 25:31] == 2] = 3  # the third takes most of the second
    now[50:53, 50:60] = 20  # new
    dataset.reject(item(dataset, "b", 4))  # meanwhile, in the review
    classes = {**edited.classes, 20: "dot", 7: "long"}
    count = edited.take_over(dataset, now, classes)
    assert count == 5
    again = reopened(dataset)
    said = {i: item(again, "b", i).row.status for i in (1, 2, 3, 4, 5, 7, 8)}
    assert said == {
        1: "rejected",
        2: "corrected",
        3: "corrected",
        4: "rejected",
        5: "found",
        7: "accepted",
        8: "accepted",
    }
    assert item(again, "b", 7).category == "long"
    assert item(again, "b", 8).category == "dot"
    expected = np.where(now == 20, 8, np.where(now == 4, 0, now))
    np.testing.assert_array_equal(labels(again, "b"), expected)
    assert edited.take_over(dataset, now, classes) == 0
