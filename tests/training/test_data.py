"""Views and batches: what is cut, how it is varied, and that it comes again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_sam.core.errors import ImageError, MissingFileError, TrainingError
from napari_sam.core.images.frames import Frames
from napari_sam.core.mask import Mask
from napari_sam.datasets.ground_truth.label_image import LabelTruth
from napari_sam.datasets.labelled_image import LabelledImage
from napari_sam.io import write_labels
from napari_sam.training.augmentation import augmented
from napari_sam.training.data import BatchDataset
from napari_sam.training.example_sources import (
    Crop,
    LabelledSource,
    SyntheticSource,
    crop_around,
)
from napari_sam.training.recipe import Recipe
from napari_sam.training.training_data import read_data

PLAIN = Recipe(zoom_low=1, zoom_high=1, objects=8, smallest=4)


def whole(shape, size):
    return size / max(shape)


class Overlapping:
    """Two objects on the same pixels: the second lies within the first."""

    shape = (40, 60)
    ids = np.array([3, 7])
    areas = np.array([600, 100])

    def __init__(self):
        big, small = np.zeros((2, 40, 60), bool)
        big[5:25, 10:40] = True
        small[10:20, 15:25] = True
        self._masks = {3: big, 7: small}

    def mask(self, object_id):
        return Mask.from_array(self._masks[object_id])

    def window(self, object_id):
        return self.mask(object_id).region


def pictured(labels):
    return np.repeat(labels.astype(np.uint8)[..., None] * 60, 3, -1)


def test_masks_lie_on_their_objects():
    """Each object has a grey of its own, which its mask must find."""
    labels = np.zeros((80, 120), np.int32)
    labels[10:30, 10:40] = 1
    labels[50:70, 60:110] = 2
    rng = np.random.default_rng(0)
    for zoom in (0.4, 0.5, 1.0, 2.3):
        crop = crop_around(rng, pictured(labels), LabelTruth(labels), PLAIN, 64, zoom)
        assert max(crop.image.shape[:2]) <= 64
        for mask in crop.masks:
            greys = crop.image[mask][:, 0]
            assert np.median(greys) in (60, 120)
            assert (abs(greys - np.median(greys)) < 30).mean() > 0.95


def test_overlapping_objects_keep_all_their_pixels():
    truth = Overlapping()
    image = np.zeros((40, 60, 3), np.uint8)
    crop = crop_around(np.random.default_rng(0), image, truth, PLAIN, 60, 1.0)
    assert crop.image.shape == (40, 60, 3)
    assert sorted(m.sum() for m in crop.masks) == [100, 600]
    assert np.bincount(crop.labels.ravel()).tolist() == [1800, 500, 100]


def test_nearly_the_whole_image_is_no_object():
    labels = np.ones((50, 50), np.int32)
    labels[:2] = 2
    crop = crop_around(
        np.random.default_rng(0), pictured(labels), LabelTruth(labels), PLAIN, 50, 1
    )
    assert [m.sum() for m in crop.masks] == [100]
    np.testing.assert_array_equal(crop.labels, labels)
    labels[:] = 1
    truth = LabelTruth(labels)
    assert (
        crop_around(np.random.default_rng(0), pictured(labels), truth, PLAIN, 50, 1)
        is None
    )


def test_specks_are_no_objects():
    labels = np.zeros((50, 50), np.int32)
    labels[10, 10] = 1
    crop = crop_around(
        np.random.default_rng(0), pictured(labels), LabelTruth(labels), PLAIN, 50, 1
    )
    assert crop is None


def test_varied_masks_follow_their_image():
    rng = np.random.default_rng(0)
    image = np.zeros((30, 40, 3), np.uint8)
    image[5:12, 8:30] = 255
    mask = image[None, ..., 0] > 0
    for _ in range(20):
        crop = augmented(rng, Crop(image, mask, mask[0].astype(np.int32)))
        np.testing.assert_array_equal(crop.labels > 0, crop.masks[0])
        inside = crop.image[crop.masks[0]].mean()
        outside = crop.image[~crop.masks[0]].mean()
        assert abs(inside - outside) > 40


def batches(recipe, **options):
    sources = [(1.0, SyntheticSource())]
    return BatchDataset(sources, recipe, 0, 5, size=64, scale=whole, **options)


def test_a_batch_is_a_function_of_seed_and_step(small):
    made = batches(small())
    one, other, next_one = made.batch(2), made.batch(2), made.batch(3)
    torch.testing.assert_close(one.images, other.images)
    torch.testing.assert_close(one.prompts.xy, other.prompts.xy)
    torch.testing.assert_close(one.seeds, other.seeds)
    assert not torch.equal(one.images, next_one.images)


def test_two_processes_see_what_one_would_with_twice_the_images(small):
    recipe = small(large_share=0.0)
    parts = [batches(recipe, rank=r, world_size=2).batch(1) for r in (0, 1)]
    both = batches(replace(recipe, images=4)).batch(1)
    torch.testing.assert_close(torch.cat([p.images for p in parts]), both.images)
    torch.testing.assert_close(torch.cat([p.masks for p in parts]), both.masks)
    torch.testing.assert_close(torch.cat([p.seeds for p in parts]), both.seeds)


def test_no_step_has_more_masks_than_allowed(small):
    batch = batches(small(images=3, objects=8, masks=7, large_share=0.0)).batch(0)
    assert len(batch.masks) <= 6
    assert len(batch.masks) == len(batch.prompts.xy) == len(batch.image_of)


def test_what_is_measured_is_never_trained_on(small):
    recipe = small(vary=False)
    other = batches(recipe.measuring()).batch(0)
    assert not torch.equal(batches(recipe).batch(0).images[0], other.images[0])


def test_parts_of_a_batch_are_all_of_it(small):
    batch = batches(small(images=2, objects=4)).batch(0)
    parts = list(batch.split(3))
    assert [len(p.masks) for p in parts][:-1] == [3] * (len(parts) - 1)
    torch.testing.assert_close(torch.cat([p.masks for p in parts]), batch.masks)
    torch.testing.assert_close(
        torch.cat([p.prompts.xy for p in parts]), batch.prompts.xy
    )


def test_data_without_an_object_is_blamed(small):
    labels = np.zeros((50, 50), np.int32)
    labels[10, 10] = 1
    pair = LabelledImage("dust", "dust", Frames(np.zeros((50, 50), np.uint8)), labels)
    made = BatchDataset(
        [(1.0, LabelledSource([pair]))], small(), 0, 1, size=64, scale=whole
    )
    with pytest.raises(TrainingError, match="held no object"):
        made.batch(0)


def test_images_are_kept_within_a_bound(write_folder):
    from napari_sam.datasets.labelled_images import read_labelled_images

    source = LabelledSource(
        read_labelled_images(write_folder(4)), memory=2 * 96 * 96 * 3
    )
    rng = np.random.default_rng(0)
    for _ in range(20):
        source.crop(rng, PLAIN, 64, whole)
    assert len(source._rendered) == 2


def test_a_tenth_is_held_back_by_name(write_folder):
    root = write_folder(12)
    found = read_data([(1.0, root)])
    kept = {p.name for p in found.sources[0][1].images}
    held = {p.name for p in found.validation[0][1].images}
    assert (len(kept), len(held)) == (11, 1)
    assert not kept & held
    assert {p.name for p in read_data([(1.0, root)]).validation[0][1].images} == held


def test_of_few_images_a_part_is_held_back(write_folder):
    root = write_folder(2)
    found = read_data([(1.0, root)])
    parts = found.sources[0][1].images, found.validation[0][1].images
    whole = read_data([(1.0, root)], validation=[root]).sources[0][1].images
    for learnt, held, image in zip(*parts, whole, strict=True):
        columns = [p.frames.plane_shape[1] for p in (learnt, held, image)]
        assert columns[0] + columns[1] == columns[2]


def test_given_validation_holds_nothing_back(write_folder):
    found = read_data([(1.0, write_folder(6))], validation=[write_folder(1, "other")])
    assert len(found.sources[0][1].images) == 6
    assert len(found.validation[0][1].images) == 1


def test_an_image_without_labels_is_refused(write_folder):
    root = write_folder(2)
    (root / "labels" / "2.tif").unlink()
    with pytest.raises(MissingFileError, match=r"2\.tif"):
        read_data([(1.0, root)])


def test_labels_of_another_shape_are_refused(write_folder, small):
    root = write_folder(1)
    (root / "labels" / "1.tif").unlink()
    write_labels(root / "labels" / "1.tif", np.ones((5, 5), np.uint8))
    with pytest.raises(ImageError, match=r"5"):
        for _ in BatchDataset(
            read_data([(1.0, root)]).sources, small(), 0, 1, size=64, scale=whole
        ):
            pass
