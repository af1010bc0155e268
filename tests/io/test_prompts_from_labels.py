import numpy as np
import pytest

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.images.frames import Frames
from napari_sam.core.prompts.items import Box, MaskPrompt, Point
from napari_sam.io import prompts_of_labels


@pytest.fixture
def stack():
    labels = np.zeros((2, 30, 40), np.uint32)
    labels[0, 5:16, 10:21] = 9
    labels[1, 0:3, 0:5] = 4_000_000_000
    return Frames(labels, "zyx")


def test_every_object_of_every_plane_is_said(stack):
    boxes = prompts_of_labels(stack)
    assert {at: p.items for at, p in boxes.items()} == {
        Address(0, 9): (Box(5, 10, 16, 21),),
        Address(1, 4_000_000_000): (Box(0, 0, 3, 5),),
    }
    points = prompts_of_labels(stack, form="point")
    assert points[Address(0, 9)].items == (Point(10, 15),)
    (mask,) = prompts_of_labels(stack, form="mask")[Address(0, 9)].items
    assert mask == MaskPrompt.from_array(np.ones((11, 11)), top=5, left=10)


def test_a_point_lies_on_the_object_even_in_a_ring(stack):
    labels = np.ones((21, 21), int)
    labels[4:17, 4:17] = 0
    (point,) = prompts_of_labels(Frames(labels), form="point")[Address(0, 1)].items
    assert labels[int(point.row), int(point.col)] == 1


def test_what_are_no_labels_is_refused():
    with pytest.raises(ImageError, match="whole numbers"):
        prompts_of_labels(Frames(np.full((4, 4), 0.5)))
    with pytest.raises(PromptError, match="no object"):
        prompts_of_labels(Frames(np.zeros((4, 4), int)))
