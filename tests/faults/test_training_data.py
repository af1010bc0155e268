"""Training data: what is held back has objects, or it is said which part has none."""

from __future__ import annotations

import imageio.v3 as iio
import numpy as np
import pytest

from napari_sam.core.errors import TrainingError
from napari_sam.training.training_data import read_data


def folder(path, filled):
    for part in ("images", "labels"):
        (path / part).mkdir(parents=True)
    for i, has_object in enumerate(filled):
        image = np.zeros((32, 32), np.uint8)
        if has_object:
            image[8:24, 8:24] = 200
        iio.imwrite(path / "images" / f"{i:02}.png", image)
        iio.imwrite(path / "labels" / f"{i:02}.png", (image > 0).astype(np.uint8))
    return path


@pytest.mark.parametrize("period", [2, 5, 10])
@pytest.mark.parametrize("offset", [0, 1])
def test_images_with_objects_are_held_back(tmp_path, period, offset):
    filled = [(i + offset) % period == 0 for i in range(20)]
    found = read_data([(1.0, folder(tmp_path / "data", filled))])
    ((_, held),) = found.validation
    assert held.images
    assert all(len(image.truth.ids) for image in held.images)
    ((_, trained),) = found.sources
    assert any(len(image.truth.ids) for image in trained.images)


def test_a_single_image_with_objects_is_trained_on(tmp_path):
    found = read_data([(1.0, folder(tmp_path / "data", [False] * 7 + [True]))])
    assert not found.validation
    ((_, trained),) = found.sources
    assert any(len(image.truth.ids) for image in trained.images)


def test_a_part_without_objects_is_named(tmp_path):
    empty = folder(tmp_path / "empty", [False] * 3)
    right = folder(tmp_path / "right", [True] * 3)
    with pytest.raises(TrainingError, match=r"empty has no objects for training"):
        read_data([(1.0, right), (1.0, empty)])
    with pytest.raises(TrainingError, match=r"empty has no objects for validation"):
        read_data([(1.0, right)], validation=[empty])
