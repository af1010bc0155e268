"""All objects of a plane are found, whatever its size, and each once."""

from weakref import ref

import numpy as np
import pytest
from scipy import ndimage

import napari_sam as sam
from napari_sam.automatic import (
    AutomaticMask,
    AutomaticMasks,
    AutomaticSettings,
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    filter_masks,
    instance_finder,
    iter_everything,
    number_masks,
)
from napari_sam.automatic.filtering import box_ious, which_stay
from napari_sam.automatic.instance_segmentation import find_instances
from napari_sam.automatic.scaled_maps import nearness
from napari_sam.core.errors import ModelError, SettingError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.images.instance_maps import InstanceMaps
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress, drain
from napari_sam.evaluation.instance_accuracy import instance_accuracy
from napari_sam.image import PromptableImage
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.testing import (
    InstanceTests,
    InstanceThresholdBackend,
    ThresholdBackend,
)

GRID = EverythingSettings(method="grid", points=8)
#: The logits of the backend without weights are 1 and -1: not stable at all.
ALL = FilterSettings(stability=0)


class TestThreshold(InstanceTests):
    def make_backend(self):
        return InstanceThresholdBackend()


def discs(shape=(64, 96), centres=((12, 14), (16, 60), (46, 30), (48, 78)), radius=8):
    """A picture of bright discs, and its labels."""
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.uint32)
    for k, (row, col) in enumerate(centres, 1):
        labels[(rows - row) ** 2 + (cols - col) ** 2 < radius**2] = k
    return (labels > 0).astype(np.uint8) * 200, labels


def everything(pixels, settings=None, *, tiling=None, backend=None, **options):
    image = PromptableImage(
        pixels, backend or InstanceThresholdBackend(), tiling=tiling
    )
    return drain(iter_everything(image, settings=settings, **options))


def painted(found, shape):
    out = np.zeros(shape, np.uint32)
    for at, one in number_masks(found).items():
        out[one.mask.region.slices][one.mask.array] = at.object_id
    return out


@pytest.mark.parametrize("settings", [None, GRID], ids=["instances", "grid"])
def test_every_object_is_found_once(settings):
    pixels, labels = discs()
    found = filter_masks(everything(pixels, settings), ALL)
    np.testing.assert_array_equal(painted(found, labels.shape), labels)


def test_a_model_without_a_head_is_asked_by_a_grid():
    pixels, labels = discs()
    backend = ThresholdBackend()
    settings = EverythingSettings(points=8)
    found = filter_masks(everything(pixels, settings, backend=backend), ALL)
    np.testing.assert_array_equal(painted(found, labels.shape), labels)
    with pytest.raises(ModelError, match="no instance head"):
        everything(pixels, EverythingSettings(method="instances"), backend=backend)


def test_touching_objects_are_split_as_far_as_asked():
    pixels, _ = discs(centres=((30, 30), (30, 43)))

    def split(at):
        return everything(pixels, instances=InstanceSettings(split=at))

    assert len(split(0.1)) == 2
    assert len(split(0.8)) == 1


@pytest.mark.parametrize("settings", [None, GRID], ids=["instances", "grid"])
def test_objects_across_tiles_are_one(settings):
    rng = np.random.default_rng(0)
    centres = [
        (20 + 40 * i + rng.integers(-6, 6), 20 + 40 * j + rng.integers(-6, 6))
        for i in range(5)
        for j in range(6)
    ]
    pixels, labels = discs((210, 250), centres)
    settings = settings and EverythingSettings(method="grid", points=16)
    for tiling in (Tiling((64, 64), (32, 32)), Tiling((80, 56), (32, 40))):
        found = everything(pixels, settings, tiling=tiling)
        found = filter_masks(found, ALL)
        np.testing.assert_array_equal(painted(found, labels.shape) > 0, labels > 0)
        assert len(found) == len(centres)


class Magnifying(InstanceThresholdBackend):
    """A model that gains by enlarged tiles, and notes which it was shown."""

    magnification = 2

    def __init__(self):
        super().__init__(working_size=512)
        self.shown = []

    def encode(self, planes):
        self.shown += [plane.shape[:2] for plane in planes]
        return super().encode(planes)


def test_small_objects_are_looked_at_from_nearer():
    small, labels = discs(centres=((12, 14), (16, 60), (46, 30), (48, 78)), radius=6)
    backend = Magnifying()
    found = everything(small, backend=backend)
    assert backend.shown == [(64, 96), (96, 144)]
    assert instance_accuracy(painted(found, labels.shape), labels).f1 == 1
    large, labels = discs(centres=((30, 25), (30, 70)), radius=20)
    backend = Magnifying()
    found = everything(large, backend=backend)
    assert backend.shown == [(64, 96)]
    np.testing.assert_array_equal(painted(found, labels.shape), labels)


def test_of_tiles_only_those_of_small_objects_are_looked_at_twice():
    rows, cols = np.ogrid[:200, :400]
    pixels = ((rows % 40 - 20) ** 2 + (cols % 40 - 20) ** 2 < 36) * np.uint8(200)
    pixels[:, 200:] = (np.hypot(rows - 100, cols[:, 200:] - 300) < 80) * 200
    backend = Magnifying()
    image = PromptableImage(pixels, backend, tiling=Tiling((160, 160), (40, 40)))
    found = drain(iter_everything(image))
    assert sorted(one.mask.area > 1000 for one in found.masks) == [False] * 25 + [True]
    tiles = [shape for shape in backend.shown if shape == (240, 240)]
    assert len(tiles) == len(image.tiles) == 2
    assert {shape for shape in backend.shown if shape not in tiles} == {(384, 384)}


def test_between_small_and_usual_both_views_count():
    widths = [0, 5, 14, 15.5, 17, 40]
    np.testing.assert_allclose([nearness(w) for w in widths], [0, 1, 1, 0.5, 0, 0])


def test_a_plane_that_is_made_smaller_is_cut_where_objects_are_small():
    centres = [(20 + 40 * i, 20 + 40 * j) for i in range(10) for j in range(10)]
    pixels, labels = discs((400, 400), centres, radius=6)
    backend = Magnifying()
    backend.view = 256
    found = everything(pixels, backend=backend, tiling=Tiling())
    assert backend.shown == [(400, 400)] + [(384, 384)] * 4
    np.testing.assert_array_equal(painted(found, labels.shape), labels)


def test_duplicates_are_dropped_wherever_they_lie_in_the_order():
    rng = np.random.default_rng(0)
    corners = rng.integers(0, 100, (400, 2))
    boxes = np.concatenate([corners, corners + rng.integers(1, 60, (400, 2))], 1)
    kept: list[int] = []
    for i, box in enumerate(boxes):
        if not (box_ious(box[None], boxes[kept]) > 0.3).any():
            kept.append(i)
    masks = []
    for i, (top, left, bottom, right) in enumerate(boxes.tolist()):
        full = np.ones((bottom - top, right - left), bool)
        mask = Mask.from_array(full, top=top, left=left)
        crop = Region(0, 0, 200, 200)
        masks.append(AutomaticMask(mask, 1 - i / 400, 1.0, (top, left), crop))
    found = AutomaticMasks(tuple(masks), (200, 200))
    settings = FilterSettings(score=0, smallest=0, overlap=0.3)
    assert which_stay(found, settings).tolist() == kept


def test_an_object_beyond_its_block_is_followed(monkeypatch):
    monkeypatch.setattr(instance_finder, "_BLOCK", 40)
    monkeypatch.setattr(instance_finder, "_MARGIN", 8)
    pixels = np.zeros((150, 150), np.uint8)
    pixels[10:140, 60:80] = 255
    pixels[20:30, 20:30] = 255
    found = everything(pixels, tiling=Tiling())
    (small, large) = sorted(found.masks, key=lambda one: one.mask.area)
    assert large.mask == Mask.from_array(pixels[:, 50:] > 0, left=50)
    assert small.mask.region == Region(20, 20, 30, 30)


def test_only_a_part_of_the_plane():
    pixels, labels = discs()
    right = everything(pixels, region=Region(0, 48, 64, 96))
    assert sorted(one.point[1] // 48 for one in right.masks) == [1, 1]
    lower = Mask.from_array(np.arange(64)[:, None] * np.ones(96) > 32)
    below = everything(pixels, within=lower)
    assert sorted(one.point[0] // 32 for one in below.masks) == [1, 1]
    assert sum(one.mask.area for one in below.masks) == (labels > 2).sum()


def test_refining_takes_the_better_mask(monkeypatch):
    """Maps that lost the rim of each object: in its box, the decoder brings it back."""
    pixels, _ = discs()
    exact = InstanceThresholdBackend.instance_maps

    def worn(self, embedding):
        maps = exact(self, embedding)
        values = maps.values.copy()
        values[0] = ndimage.binary_erosion(values[0] > 0)
        return InstanceMaps(values)

    monkeypatch.setattr(InstanceThresholdBackend, "instance_maps", worn)
    plain = everything(pixels)
    refined = everything(pixels, EverythingSettings(refine=True))
    pairs = list(zip(plain.masks, refined.masks, strict=True))
    assert all(new.mask.area > old.mask.area for old, new in pairs)
    assert all(new.mask.region == old.mask.region for old, new in pairs)
    assert [m.score for m in refined.masks] == [m.score for m in plain.masks]


def test_steps_count_the_tiles_and_cancelling_keeps_embeddings():
    pixels, _ = discs((210, 250), ((60, 60),))
    backend = InstanceThresholdBackend()
    image = PromptableImage(pixels, backend, tiling=Tiling((60, 60), (16, 16)))
    work = iter_everything(image)
    first = next(work)
    assert first == Progress(1, len(image.tiles), "finding objects")
    work.close()
    assert backend.encoded == 1
    steps = list(iter_everything(image))
    assert [s.done for s in steps] == list(range(1, len(image.tiles) + 1))
    assert backend.encoded == len(image.tiles)


def test_filters_are_applied_without_the_model():
    pixels, _ = discs(centres=((5, 20), (30, 40)), radius=7)
    found = everything(pixels)
    assert len(filter_masks(found, FilterSettings(exclude_border=True))) == 1
    assert len(filter_masks(found, FilterSettings(smallest=140))) == 1
    assert len(filter_masks(found, FilterSettings(largest=140))) == 1
    assert len(filter_masks(found, FilterSettings(score=1))) == 0
    assert len(filter_masks(found, ALL)) == 2


def test_settings_out_of_range_are_refused():
    with pytest.raises(SettingError, match="split"):
        InstanceSettings(split=0)
    with pytest.raises(SettingError, match="method"):
        EverythingSettings(method="all")
    with pytest.raises(SettingError, match="score"):
        FilterSettings(score=2)


def test_a_stack_is_segmented_plane_by_plane_with_numbers_of_its_own():
    pixels, labels = discs()
    stack = np.stack([pixels, np.zeros_like(pixels), pixels])
    backend = InstanceThresholdBackend()
    found = sam.segment_everything(stack, axes="zyx", model=backend)
    np.testing.assert_array_equal(found[0], labels)
    assert not found[1].any()
    np.testing.assert_array_equal(found[2], np.where(labels, labels + 4, 0))
    one = sam.segment_everything(stack, axes="zyx", model=backend, frames=[2])
    np.testing.assert_array_equal(one[2], labels)
    assert not one[0].any()


def test_numbers_do_not_depend_on_settings():
    pixels, labels = discs()
    backend = InstanceThresholdBackend()
    settings = AutomaticSettings(filters=FilterSettings(score=0.1))
    found = sam.segment_everything(pixels, model=backend, settings=settings)
    np.testing.assert_array_equal(found, labels)
    settings = AutomaticSettings(find=GRID, filters=ALL)
    by_grid = sam.segment_everything(
        pixels, model=backend, method="grid", settings=settings
    )
    np.testing.assert_array_equal(by_grid, labels)


def test_an_image_with_nothing_in_it():
    assert len(everything(np.zeros((40, 40), np.uint8))) == 0
    assert len(everything(np.zeros((1, 1), np.uint8))) == 0
    assert not sam.segment_everything(
        np.zeros((40, 40)), model=InstanceThresholdBackend()
    ).any()


def test_embeddings_are_gone_before_labels_are_painted(monkeypatch):
    """Both together would be more than a large plane needs."""
    from napari_sam.api import everything as module

    store, painted = MemoryStore(), []
    known = ref(store)
    stores = [store]
    monkeypatch.setattr(module, "job_store", lambda *_: stores.pop())
    monkeypatch.setattr(module, "paint", lambda *_, **__: painted.append(known()))
    del store
    sam.segment_everything(discs()[0], model=InstanceThresholdBackend())
    assert painted == [None]


def test_sizes_with_a_unit_are_refused_where_pixels_have_no_size():
    with pytest.raises(SettingError, match="size_unit='um2'"):
        filter_masks(AutomaticMasks((), (8, 8)), FilterSettings(size_unit="um2"))


def test_a_few_instances_are_from_all_over_the_maps():
    at = np.mgrid[:90, :90] % 9 - 4
    inside = np.maximum(0, 1 - np.hypot(*at) / 4).astype(np.float32)
    maps = np.stack([(inside > 0).astype(np.float32), inside, inside])
    assert len(find_instances(maps, InstanceSettings())) == 100
    few = find_instances(maps, InstanceSettings(), most=9)
    assert len(few) == 10
    assert np.ptp([one.seed for one in few], axis=0).min() >= 45
