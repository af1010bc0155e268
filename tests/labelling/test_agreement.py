"""Two persons' data sets are compared: objects, outlines, classes."""

import math
import shutil

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import ImageError
from napari_sam.core.mask import Mask
from napari_sam.labelling import Agreement, compare_datasets, compare_sessions
from napari_sam.session import AnnotationSession, ObjectInfo, actions

from .conftest import scene


def test_one_that_was_reviewed_is_compared_with_one_that_was_not(dataset, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(dataset.path, other, symlinks=True)
    same = compare_datasets(dataset.path, other)
    assert (same.images, same.matched, same.f1, same.mean_iou) == (3, 21, 1, 1)
    assert same.kappa == 1
    with sam.LabelledDataset(other) as second:
        found = {one.key: one for one in second.items()}
        second.reject(found["a", 2])
        second.correct(
            found["b", 5], Mask.from_array(np.ones((5, 30), bool), top=34, left=5)
        )
        second.set_class(found["c", 1], "bar")
    now = compare_datasets(dataset.path, other)
    assert (now.matched, now.only_first, now.only_second) == (20, 1, 0)
    assert min(now.ious) == pytest.approx(30 / 40)
    assert now.classes["square", "bar"] >= 1
    assert now.kappa < 1


def test_kappa_is_that_of_cohen():
    found = Agreement(1, 100, 0, 0, (), {("a", "a"): 45, ("a", "b"): 15,
                                         ("b", "a"): 25, ("b", "b"): 15})  # fmt: skip
    assert found.same_class == 0.6
    assert found.kappa == pytest.approx((0.6 - 0.54) / (1 - 0.54))
    assert math.isnan(Agreement(1, 0, 0, 0).kappa)
    assert Agreement(1, 0, 0, 0).f1 == 1
    assert math.isnan(Agreement(1, 5, 0, 0, (), {("a", "a"): 5}).kappa)


def test_other_images_cannot_be_compared(dataset, tmp_path, images, backend):
    (images / "d.tif").write_bytes((images / "a.tif").read_bytes())
    for name in "abc":
        (images / f"{name}.tif").unlink()
    sam.label(images, tmp_path / "d", model=backend)
    with pytest.raises(ImageError, match="no image in common"):
        compare_datasets(dataset.path, tmp_path / "d")


def session_of(pixels, labels, backend, classes):
    image = sam.PromptableImage(pixels, backend)
    session = AnnotationSession(image, labels=labels.astype(np.int32))
    for number, category in classes.items():
        session.execute(actions.SetInfo(number, ObjectInfo(category=category)))
    return session


def test_sessions_of_two_persons_are_compared(backend):
    """The second one missed an object, drew one shorter, and named one otherwise."""
    pixels, first = scene()
    second = np.where(first == 1, 0, first + 10 * (first > 0))
    second[44:49, 34:44] = 0
    second[57:60, 50:60] = 40
    named = {i: "square" if i < 5 else "bar" for i in range(1, 8)}
    other = {i + 10: name for i, name in named.items() if i > 1}
    other |= {12: "bar", 40: "dust"}
    one = session_of(pixels, first, backend, named)
    two = session_of(pixels, second, backend, other)
    found = compare_sessions(one, two)
    assert (found.images, found.matched) == (1, 6)
    assert (found.only_first, found.only_second) == (1, 1)
    assert sorted(found.ious) == [pytest.approx(150 / 200), 1, 1, 1, 1, 1]
    assert found.classes == {
        ("bar", "bar"): 3, ("square", "bar"): 1, ("square", "square"): 2
    }  # fmt: skip
    assert found.classes_of_first == {"square": 1}
    assert found.classes_of_second == {"dust": 1}
    assert found.f1_of_classes == {"bar": 6 / 7, "dust": 0, "square": 4 / 6}
    assert compare_sessions(one, one).f1_of_classes == {"bar": 1, "square": 1}


def test_sessions_of_different_images_are_not_compared(backend):
    sessions = [session_of(*scene(shift), backend, {}) for shift in (0, 3)]
    with pytest.raises(ImageError, match="different images"):
        compare_sessions(*sessions)
