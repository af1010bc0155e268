"""Two persons' data sets are compared: objects, outlines, classes."""

import math
import shutil

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import ImageError
from napari_sam.core.mask import Mask
from napari_sam.labelling import Agreement, compare_datasets


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
