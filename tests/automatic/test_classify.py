"""Classes of objects are learnt from a few that are named."""

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.automatic import ObjectClassifier, ObjectFeatures, describe_objects
from napari_sam.automatic.descriptors import Descriptors
from napari_sam.automatic.named_objects import masks_by_address
from napari_sam.automatic.object_features import shape_of
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.mask import Mask
from napari_sam.testing import ThresholdBackend


def scene():
    """Eight small squares, and eight long bars, as light as each other."""
    pixels, labels = np.zeros((64, 64), np.uint8), np.zeros((64, 64), np.uint32)
    for k in range(8):
        top = 8 * k
        labels[top : top + 4, 2 : 6 + k % 2] = 10 + k
        labels[top : top + 3, 20 : 50 + k % 3] = 30 + k
    pixels[labels > 0] = 200
    return pixels, labels


def classified(named, labels=None, **more):
    pixels, known = scene()
    given = known if labels is None else labels
    return sam.classify_objects(pixels, given, named, model=ThresholdBackend(), **more)


def rows(features, areas=None):
    table = np.array(features, np.float32)
    n = len(table)
    looks = Descriptors(table, np.full(n, 9.0), np.zeros((n, 4), np.float32))
    return ObjectFeatures(looks, np.zeros((n, 4), np.float32))


def test_two_named_objects_class_the_rest():
    found = classified({10: "square", 30: "bar"})
    assert {i: c.name for i, c in found.items()} == {
        **{10 + k: "square" for k in range(8)},
        **{30 + k: "bar" for k in range(8)},
    }
    assert found[10].probability == found[30].probability == 1
    assert all(0.5 < found[i].probability < 1 for i in found if i not in (10, 30))


def test_what_a_person_named_stays_whatever_it_looks_like():
    named = {10: "square", 11: "square", 30: "bar", 31: "bar", 37: "square"}
    found = classified(named)
    assert {i: found[i].name for i in named} == named


def test_an_object_on_several_planes_has_one_class():
    pixels, labels = scene()
    stack, numbers = np.stack([pixels] * 7), np.stack([labels] * 7)
    numbers[3] = 0
    found = sam.classify_objects(
        stack, numbers, {10: "square", 30: "bar"}, axes="tyx", model=ThresholdBackend()
    )
    assert len(found) == 16
    assert found[17].name == "square"


def test_names_that_cannot_be_are_refused():
    with pytest.raises(PromptError, match="two classes at least"):
        classified({10: "square", 11: "square"})
    with pytest.raises(PromptError, match=r"no objects \[99\]"):
        classified({10: "square", 99: "bar"})
    with pytest.raises(PromptError, match="empty class"):
        classified({10: "square", 30: ""})
    with pytest.raises(ImageError, match="the image has"):
        classified({1: "a"}, labels=np.zeros((3, 3), int))


def test_features_of_the_model_tell_apart_what_looks_the_same_otherwise():
    objects = rows([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]])
    made = ObjectClassifier.fit(objects.chosen([0, 2]), ["a", "b"], among=objects)
    assert [name for name, _ in made.classify(objects)] == ["a", "a", "b", "b"]
    np.testing.assert_allclose(made.probabilities(objects).sum(1), 1)


def test_a_class_of_many_examples_counts_as_one_of_few():
    objects = rows([[1.0]] * 20 + [[-1.0]])
    made = ObjectClassifier.fit(
        objects, ["many"] * 20 + ["few"], among=rows([[1.0], [-1.0]])
    )
    middle = made.probabilities(rows([[0.0]]))
    np.testing.assert_allclose(middle, 0.5, atol=0.02)


def test_one_strange_example_does_not_take_all_others_from_its_class():
    """Sizes lie evenly around the middle; the small example has a strange light."""
    areas = 2.0 ** np.linspace(8, 12, 21)
    light = np.zeros((21, 6), np.float32)
    light[0] = 1
    looks = Descriptors(np.zeros((21, 0), np.float32), areas, light)
    objects = ObjectFeatures(looks, np.zeros((21, 4), np.float32))
    examples = objects.chosen([0, 20])
    made = ObjectClassifier.fit(examples, ["small", "large"], among=objects)
    names = [name for name, _ in made.classify(objects)]
    assert names.count("small") >= 4
    assert names == ["small"] * names.count("small") + ["large"] * names.count("large")


def test_a_model_without_features_and_no_objects_at_all():
    pixels, labels = scene()
    image = sam.PromptableImage(pixels, ThresholdBackend())
    masks = masks_by_address(image.frames, labels)
    found = describe_objects(image, 0, list(masks.values()))
    assert [block.shape[1] for block in found.blocks] == [1, 6, 4, 0]
    assert len(describe_objects(image, 0, [])) == 0
    assert masks[sam.Address(0, 10)] == Mask.from_array(labels == 10)


def test_shapes_are_numbers_that_a_disk_and_a_bar_have():
    rows, cols = np.mgrid[:41, :41]
    disk = (rows - 20) ** 2 + (cols - 20) ** 2 <= 19**2
    np.testing.assert_allclose(shape_of(disk), (1, 0.97, 0.76, 0.95), atol=0.05)
    assert shape_of(np.ones((4, 30), bool))[0] < 0.2
    assert shape_of(np.ones((1, 9), bool)) == (1, 1, 1, 1)
    assert shape_of(np.eye(3, dtype=bool))[2] == pytest.approx(1 / 3)
