"""Objects like examples are found, and the threshold moves without the model."""

import numpy as np
import pytest
from scipy import ndimage

import napari_sam as sam
from napari_sam import Prompts, Region
from napari_sam.automatic import Examples, SimilarSettings
from napari_sam.automatic.descriptors import Descriptors, describe, pooled
from napari_sam.core.errors import ImageError, PromptError, SettingError
from napari_sam.core.mask import Mask
from napari_sam.core.protocols import FeatureMap
from napari_sam.image import PromptableImage
from napari_sam.testing import InstanceThresholdBackend

#: Top, left, side and brightness of squares: three small, two large, one bright.
SQUARES = ((2, 2, 6, 150), (2, 20, 6, 150), (2, 40, 6, 150), (20, 2, 18, 150),
           (20, 30, 18, 150), (48, 4, 6, 250))  # fmt: skip
SMALL, LARGE, BRIGHT = (1, 2, 3), (4, 5), (6,)
BY_SIZE = SimilarSettings(by_light=0, by_features=0)


def squares():
    pixels, labels = np.zeros((60, 60), np.uint8), np.zeros((60, 60), np.uint32)
    for k, (top, left, side, value) in enumerate(SQUARES, 1):
        pixels[top : top + side, left : left + side] = value
        labels[top : top + side, left : left + side] = k
    return pixels, labels


def box(k):
    top, left, side, _ = SQUARES[k - 1]
    return Region(top, left, top + side, left + side)


def found(examples, **options):
    pixels, labels = squares()
    backend = options.pop("model", None) or InstanceThresholdBackend()
    result = sam.segment_similar(
        pixels, examples, model=backend, appearance=sam.Appearance(), **options
    )
    return tuple(np.unique(labels[result.labels > 0]).tolist()), result


def test_a_small_one_finds_the_small_ones():
    assert found([box(1)], settings=BY_SIZE)[0] == (*SMALL, *BRIGHT)
    assert found([box(4)], settings=BY_SIZE)[0] == LARGE


def test_light_tells_the_bright_one_apart():
    close = SimilarSettings(similarity=0.8, by_features=0)
    assert found([box(1)], settings=close)[0] == SMALL
    assert found([box(6)], settings=close)[0] == BRIGHT


def test_several_examples_are_alternatives_and_negatives_are_not_wanted():
    assert found([box(1), box(4)], settings=BY_SIZE)[0] == (1, 2, 3, 4, 5, 6)
    wanted, unwanted = [box(1)], [box(6)]
    settings = SimilarSettings(similarity=0.55, by_features=0)
    assert found(wanted, negatives=unwanted, settings=settings)[0] == SMALL


@pytest.mark.parametrize("form", ["box", "point", "mask", "labels", "by plane"])
def test_examples_of_any_form(form):
    _, labels = squares()
    given = {
        "box": [box(4)],
        "point": [Prompts.point(25, 10)],
        "mask": [Mask.from_array(labels == 4)],
        "labels": np.where(labels == 4, 4, 0),
        "by plane": {0: [box(4)]},
    }[form]
    assert found(given, settings=BY_SIZE)[0] == LARGE


def test_the_threshold_moves_without_the_model():
    backend = InstanceThresholdBackend()
    _, result = found([box(1)], settings=BY_SIZE, model=backend)
    calls = backend.encoded, backend.decoded
    all_of_them = result.with_threshold(0)
    assert len(all_of_them.similarities) == 6
    assert len(result.with_threshold(0.99).similarities) == 4
    assert (backend.encoded, backend.decoded) == calls
    likeness = all_of_them.similarities
    assert likeness[1] == 1
    assert sorted(likeness.values())[0] < 0.5
    assert np.unique(all_of_them.labels).tolist() == [0, *likeness]


def test_the_outline_of_an_example_is_its_own():
    """A person's outline goes before that which was found."""
    _, labels = squares()
    loose = np.zeros_like(labels, bool)
    loose[1:9, 1:9] = True
    _, result = found([Mask.from_array(loose)], settings=BY_SIZE)
    np.testing.assert_array_equal(result.labels == 1, loose)


def test_examples_of_one_image_find_objects_in_another():
    _, result = found([box(4)], settings=BY_SIZE)
    pixels, labels = squares()
    stack = np.stack([pixels[:, ::-1], pixels[::-1]])
    other = sam.segment_similar(
        stack, result.examples, axes="zyx", settings=BY_SIZE,
        model=InstanceThresholdBackend(), appearance=sam.Appearance(),
    )  # fmt: skip
    large = np.isin(labels, LARGE)
    np.testing.assert_array_equal(other.labels[0] > 0, large[:, ::-1])
    np.testing.assert_array_equal(other.labels[1] > 0, large[::-1])
    assert sorted(other.similarities) == [1, 2, 3, 4]


def test_nothing_to_look_for_is_said():
    with pytest.raises(PromptError, match="one example"):
        found([])
    with pytest.raises(PromptError, match="str is no example"):
        found(["cell"])
    with pytest.raises(ImageError, match="no pixels"):
        found([Mask.from_array(np.zeros((4, 4)))])
    with pytest.raises(ImageError, match="image has"):
        found(np.ones((4, 4), np.uint8))
    with pytest.raises(SettingError, match="similarity"):
        SimilarSettings(similarity=2)


def test_features_are_averaged_over_the_object_and_around_it():
    values = np.arange(16, dtype=np.float32).reshape(1, 4, 4)
    maps = [FeatureMap(values, (2.0, 2.0))]
    mask = Mask.from_array(np.ones((2, 4)), top=12, left=10)
    window = Region(10, 10, 18, 18)
    mean, spread, around = pooled(maps, mask, window)
    assert (mean, spread) == ((4 + 5) / 2, 0.5)
    far = ndimage.distance_transform_edt(~mask.in_window(window))
    near = np.kron(values[0], np.ones((2, 2)))[(far > 1) & (far <= 5)]
    assert around == pytest.approx(near.mean())
    assert pooled(maps, mask.shifted(50, 50), window).tolist() == [0, 0, 0]
    whole = Mask.from_array(np.ones((8, 8)), top=10, left=10)
    assert pooled(maps, whole, window)[[0, 2]].tolist() == [7.5, 7.5]


def test_features_tell_apart_what_size_and_light_do_not():
    def described(features):
        rows = np.array(features, np.float32)
        return Descriptors(rows, np.full(len(rows), 50.0), np.ones((len(rows), 6)))

    objects = described([[1, 0], [0.9, 0], [-1, 0], [-0.9, 0]])
    examples = Examples.of(objects.chosen([0]), Descriptors.joined([]), objects)
    close = examples.similarities(objects, SimilarSettings())
    assert close[:2].min() > 0.8 > 0.3 > close[2:].max()
    without = examples.similarities(objects, SimilarSettings(by_features=0))
    np.testing.assert_allclose(without, 1)


def test_a_model_without_features_compares_by_size_and_light():
    pixels, labels = squares()
    image = PromptableImage(
        pixels, InstanceThresholdBackend(), appearance=sam.Appearance()
    )
    row = describe(image, 0, [Mask.from_array(labels == 1)])
    assert row.features.shape == (1, 0)
    assert row.areas.tolist() == [36]
    light = [150 / 255] * 3 + [0, 0, 150 / 255]
    assert row.light[0] == pytest.approx(light, abs=1e-6)
