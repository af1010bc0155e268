"""Planes larger than the model's input: one scale, whole answers, few pixels read."""

from collections import defaultdict
from threading import Event

import numpy as np
import pytest
from scipy import ndimage

from napari_sam.api import load_backend
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.synthetic import draw_scene
from napari_sam.testing import ThresholdBackend

PLAIN = Appearance(limits=((0.0, 255.0),))
TILING = Tiling((48, 48), (8, 8))


class Noting:
    """An array that notes which pixels were read."""

    def __init__(self, data):
        self.data, self.shape, self.dtype = data, data.shape, data.dtype
        self.read = np.zeros(data.shape, int)

    def __getitem__(self, where):
        self.read[where] += 1
        return self.data[where]


def plane(side=256):
    return np.zeros((side, side), np.uint8)


def with_disc(row, col, radius, side=256):
    y, x = np.ogrid[:side, :side]
    return np.where((y - row) ** 2 + (x - col) ** 2 < radius**2, 200, 0).astype("u1")


def image(pixels, **options):
    options = {"appearance": PLAIN, "tiling": TILING, **options}
    return PromptableImage(pixels, ThresholdBackend(), **options)


def iou(one, other):
    return np.count_nonzero(one & other) / np.count_nonzero(one | other)


def test_what_the_model_takes_in_is_one_tile_and_what_is_larger_is_cut():
    backend = ThresholdBackend()
    assert PromptableImage(plane(64), backend).tiling == Tiling()
    assert PromptableImage(plane(65), backend).tiling == TILING
    assert PromptableImage(plane(65), backend, tiling=Tiling()).tiling == Tiling()


def test_only_the_pixels_of_the_tile_are_read():
    data = Noting(with_disc(100, 100, 9))
    found = image(data)
    answer = found.segment(Prompts.point(100, 100))
    assert answer.complete
    tile = found.tiles.nearest(100, 100)
    expected = np.zeros(data.shape, int)
    expected[tile.window.slices] = 1
    np.testing.assert_array_equal(data.read, expected)


@pytest.mark.parametrize("shape", [(300, 200), (70, 500), (65, 65), (113, 112)])
def test_every_tile_of_every_level_is_shown_at_the_same_size(shape):
    found = image(np.full(shape, 9, np.uint8))
    for level in range(TILING.levels(shape)):
        for tile in TILING.tiles(shape, level):
            seen = found.render(0, tile)
            assert seen.shape == (64, 64, 3)
            rows, cols = tile.window.shape
            assert (seen[:rows, :cols] == 9).all()
            assert not seen[rows:].any()
            assert not seen[:, cols:].any()


def test_a_coarser_level_is_the_mean_and_comes_from_the_file_if_it_has_it():
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (100, 100)).astype("u1")
    (tile,) = TILING.tiles((100, 100), 1)
    mean = np.rint(pixels.reshape(50, 2, 50, 2).mean((1, 3))).astype("u1")
    np.testing.assert_array_equal(image(pixels).render(0, tile)[:50, :50, 0], mean)
    data = Noting(pixels)
    given = image(data, levels=[np.full((50, 50), 7, np.uint8)])
    assert (given.render(0, tile)[:50, :50] == 7).all()
    assert not data.read.any()


@pytest.mark.parametrize(
    "said", [Prompts.rectangle(38, 28, 203, 193), Prompts.point(120, 110)]
)
def test_what_is_larger_than_a_tile_is_answered_whole(said):
    pixels = with_disc(120, 110, 80)
    answer = image(pixels).segment(said)
    assert answer.complete
    assert iou(answer.full(pixels.shape), pixels > 0) > 0.97


def test_what_is_too_thin_for_a_coarser_level_grows_from_tile_to_tile():
    pixels = plane()
    pixels[101, 20:240] = 200
    answer = image(pixels).segment(Prompts.point(101, 120))
    assert answer.complete
    np.testing.assert_array_equal(answer.full(pixels.shape), pixels > 0)


def test_nothing_is_clipped_silently():
    pixels = plane()
    pixels[101, 20:240] = 200
    tiling = Tiling((48, 48), (8, 8), most=2)
    answer = image(pixels, tiling=tiling).segment(Prompts.point(101, 120))
    assert not answer.complete
    assert "incomplete" in repr(answer)


def test_an_answer_does_not_depend_on_what_was_asked_before():
    pixels = with_disc(120, 110, 80) | with_disc(225, 225, 12)
    said = [Prompts.point(120, 110), Prompts.point(225, 225)]
    warm = image(pixels)
    together = warm.segment_many(said)
    warm.embed()
    again = [warm.segment(p) for p in said[::-1]][::-1]
    cold = [image(pixels).segment(p) for p in said]
    for one, two, three in zip(together, again, cold, strict=True):
        assert one.region == two.region == three.region
        np.testing.assert_array_equal(one.logits, two.logits)
        np.testing.assert_array_equal(one.logits, three.logits)


def test_a_click_far_away_that_is_not_the_object_changes_nothing():
    found = image(with_disc(100, 100, 9))
    here = Prompts.point(100, 100)
    one, two = found.segment_many([here, here.point(250, 5, positive=False)])
    np.testing.assert_array_equal(one.full((256, 256)), two.full((256, 256)))


def test_the_same_object_near_a_seam_and_away_from_it_is_nearly_the_same():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:1400, :1400]
    disc = np.hypot(y % 100 - 50, x % 100 - 50) < 22
    noisy = (60 + 100 * disc + rng.normal(0, 6, disc.shape)).clip(0, 255).astype("u1")
    backend = load_backend("pocket", device="cpu")
    masks = []
    for shift in (0, 60, 150):
        cut = noisy[shift : shift + 1100, shift : shift + 1100]
        found = PromptableImage(cut, backend, appearance=PLAIN)
        answer = found.segment(Prompts.point(450 - shift, 450 - shift))
        masks.append(np.pad(answer.full(cut.shape), ((shift, 200),))[:1300, :1300])
    assert found.tiling == Tiling((384, 384), (64, 64))
    assert iou(masks[0], masks[1]) > 0.95
    assert iou(masks[0], masks[2]) > 0.94


def test_embedding_begins_nearby_and_keeps_to_a_region_and_frames():
    store = MemoryStore()
    kept = []

    class Ordered(MemoryStore):
        def put(self, key, embedding):
            kept.append(key.at)
            return store.put(key, embedding)

    found = image(np.zeros((3, 256, 256), np.uint8), axes="tyx", store=Ordered())
    done = found.embed(region=(0, 0, 100, 100), frames=[0, 2], near=(2, 90, 90))
    assert (done.encoded, done.found, done.skipped) == (8, 0, 0)
    assert [at[0] for at in kept] == [2] * 4 + [0] * 4
    assert kept[0][2] == found.tiles.nearest(90, 90).index
    with pytest.raises(PromptError):
        found.embed(region=(900, 0, 1000, 10))
    with pytest.raises(ImageError):
        found.embed(levels=[9])


@pytest.mark.parametrize("workers", [1, 3])
def test_embedding_can_be_stopped_and_goes_on_where_it_was(workers):
    found = image(with_disc(100, 100, 9))
    work = found.iter_embed(workers=workers)
    for _ in range(3):
        next(work)
    work.close()
    assert found.backend.encoded == 3
    done = found.embed(workers=workers, batch=4)
    assert (done.encoded, done.found) == (len(found.tiles) - 3, 3)


def test_reading_encoding_and_writing_go_on_at_once():
    """Each waits until the next one of what feeds it has begun."""
    began = {what: defaultdict(Event) for what in ("read", "encode")}
    late = []

    def wait_for(what, n):
        if n < 4 and not began[what][n].wait(10):
            late.append((what, n))

    class Slow(ThresholdBackend):
        def encode(self, planes):
            n = self.encoded
            began["encode"][n].set()
            wait_for("read", n + 1)
            return super().encode(planes)

    class Store(MemoryStore):
        def put(self, key, embedding):
            wait_for("encode", key.at[0] + 1)
            return super().put(key, embedding)

    class Stack:
        shape, dtype = (4, 64, 64), np.dtype("u1")

        def __getitem__(self, where):
            began["read"][where[0]].set()
            return np.full((64, 64), where[0], np.uint8)

    found = PromptableImage(
        Stack(), Slow(), axes="tyx", appearance=PLAIN, store=Store()
    )
    assert found.embed(batch=1).encoded == 4
    assert late == []


def test_tiles_that_hold_nothing_are_skipped_and_that_is_recorded():
    pixels = with_disc(20, 20, 9)
    by_value = image(pixels)
    done = by_value.embed(background=10)
    assert (done.encoded, done.skipped) == (1, len(by_value.tiles) - 1)
    assert by_value.was_skipped(0, by_value.tiles[-1])
    assert not by_value.was_skipped(0, by_value.tiles[0])
    assert by_value.segment(Prompts.point(250, 250)).area == 0
    data = Noting(pixels)
    by_mask = image(data)
    done = by_mask.embed(mask=pixels[::8, ::8] > 0)
    assert done.encoded == 1
    assert not data.read[80:].any()


def test_drawn_scenes_in_tiles_that_lie_elsewhere():
    """The same boxes, once in each of two tilings, give nearly the same masks."""
    scenes = [draw_scene(seed, size=448, kind="nuclei") for seed in range(4)]
    rows = [
        np.concatenate([s.image for s in pair], 1)
        for pair in zip(scenes, scenes, strict=True)
    ]
    whole = np.concatenate([*rows, rows[0]])[:1344]
    pixels = np.concatenate([whole, whole[:, :448]], 1)
    backend, shift = load_backend("pocket", device="cpu"), 160
    look = Appearance((0, 1, 2), ((0.0, 255.0),))
    one, two = (
        PromptableImage(p, backend, axes="yxc", appearance=look)
        for p in (pixels, pixels[shift:, shift:])
    )
    found = []
    for box in ndimage.find_objects(scenes[1].labels)[:12]:
        top, left = 448 + box[0].start, box[1].start
        bottom, right = 448 + box[0].stop, box[1].stop
        if left < shift or len(found) == 5:
            continue
        a = one.segment(Prompts.rectangle(top, left, bottom, right))
        moved = Prompts.rectangle(top, left, bottom, right).shifted(-shift, -shift)
        b = two.segment(moved).shifted(shift, shift)
        plane = pixels.shape[:2]
        found.append(iou(a.full(plane), b.full(plane)))
    assert len(found) > 2
    assert min(found) > 0.9
    assert np.mean(found) > 0.95


@pytest.mark.parametrize(("rows", "cols"), [(211, 374), (325, 270), (361, 587)])
def test_a_mask_of_many_coarse_tiles_stays_on_a_plane_of_any_size(rows, cols):
    pixels = np.random.default_rng(rows).integers(0, 120, (rows, cols)).astype("u1")
    pixels[7:, 5:] = 250
    found = image(pixels).segment(Prompts.point(rows // 2, cols // 2))
    region = found.region
    assert found.mask.shape == region.shape
    assert (region.bottom, region.right) == (rows, cols)
    assert iou(found.full((rows, cols)), pixels > 200) > 0.95
