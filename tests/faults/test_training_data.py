"""Training data: what is held back has objects, or it is said which part has none."""

from __future__ import annotations

import os
from dataclasses import replace

import imageio.v3 as iio
import numpy as np
import pytest

from napari_sam.core.errors import TrainingError
from napari_sam.models.pocket import Pocket, PocketConfig
from napari_sam.training.pocket_learner import PocketLearner
from napari_sam.training.recipes import RECIPES
from napari_sam.training.training_data import read_data
from napari_sam.training.training_run import iter_train


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


def train(path, data, *, stop=None, **options):
    recipe = replace(RECIPES["pocket"], steps=2, images=1, objects=1, crop=64, warmup=1)
    found = read_data([(1.0, data)])
    work = iter_train(
        recipe, PocketLearner(Pocket(PocketConfig.tiny())), found.sources, path,
        notes={"data": found.description}, data_stamp=found.stamp, **options,
    )  # fmt: skip
    for report in work:
        if report.step == stop:
            work.close()


def add_an_image(data):
    folder(data.parent / "more", [True])
    for part in ("images", "labels"):
        new = data.parent / "more" / part / "00.png"
        new.rename(data / part / "99.png")


def rename_an_image(data):
    for part in ("images", "labels"):
        (data / part / "00.png").rename(data / part / "zz.png")


def grow_labels(data):
    labels = np.random.default_rng(0).integers(1, 9, (32, 32)).astype(np.uint8)
    iio.imwrite(data / "labels" / "00.png", labels)


@pytest.mark.parametrize("change", [add_an_image, rename_an_image, grow_labels])
def test_a_run_does_not_go_on_with_other_data_unseen(tmp_path, change, caplog):
    data, path = folder(tmp_path / "cells", [True] * 3), tmp_path / "w.safetensors"
    train(path, data, stop=1)
    change(data)
    with pytest.raises(TrainingError, match=r"cells had 6 files|names or sizes") as why:
        train(path, data)
    assert "--changed-data" in str(why.value)
    assert not path.exists()
    train(path, data, takes_changed_data=True)
    assert "goes on" in caplog.text
    assert path.exists()


def test_a_run_goes_on_with_data_that_was_copied(tmp_path, caplog):
    data, path = folder(tmp_path / "cells", [True] * 3), tmp_path / "w.safetensors"
    train(path, data, stop=1)
    (data / ".DS_Store").write_text("x")
    (data / "other.safetensors").write_text("x")
    file = data / "labels" / "00.png"
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 10**9))
    train(path, data)
    assert "written to since: cells" in caplog.text
    assert path.exists()
