"""Of few images a part is held back, and no object is on both sides."""

import numpy as np
import pytest

from napari_sam.core.images.frames import Frames
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.training.held_back import hold_back


def squares(columns, name="a", channels=False):
    """Make an image whose objects begin at these columns, six pixels wide."""
    labels = np.zeros((20, 100), np.int32)
    for k, left in enumerate(columns, 1):
        labels[5:15, left : left + 6] = k
    pixels = (labels * 10).astype(np.uint8)
    if channels:
        pixels = np.stack([pixels] * 3, -1)
    frames = Frames(pixels, "yxc"[: pixels.ndim])
    return LabelledImage(name, "kind", frames, labels)


@pytest.mark.parametrize("channels", [False, True])
def test_the_last_quarter_of_the_objects_is_held_back(channels):
    image = squares([2, 12, 22, 32, 42, 52, 62, 72], channels=channels)
    (learnt,), (held,) = hold_back([image])
    assert learnt.truth.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert held.truth.ids.tolist() == [7, 8]
    assert learnt.frames.plane_shape == (20, 62)
    assert held.frames.plane_shape == (20, 38)
    pixels = held.frames[0]
    assert np.array_equal(pixels, image.frames[0][:, 62:])
    assert (pixels.reshape(20, 38, -1)[..., 0] == held.labels * 10).all()


def test_of_an_object_on_both_sides_the_first_part_is_learnt_from():
    image = squares([2, 12, 22, 32, 42, 69, 72, 82])  # 6 reaches into the columns of 7
    (learnt,), (held,) = hold_back([image])
    assert learnt.truth.ids.tolist() == [1, 2, 3, 4, 5, 6]
    assert held.truth.ids.tolist() == [7, 8]
    assert (learnt.labels == 6).sum() == 3 * 10


def test_an_image_of_few_objects_is_learnt_from_whole():
    few, many = squares([2, 22, 42], "few"), squares([2, 22, 42, 62, 82], "many")
    learnt, held = hold_back([few, many])
    assert learnt[0] is few
    assert [image.name for image in held] == ["many"]


def test_four_images_are_not_cut():
    images = [squares([2, 22, 42, 62], name) for name in "abcd"]
    learnt, held = hold_back(images)
    assert (len(learnt), len(held)) == (3, 1)
    assert all(image in images for image in learnt + held)
