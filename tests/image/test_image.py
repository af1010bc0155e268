import numpy as np
import pytest

from napari_sam.core.errors import AxesError, NotAnImageError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.testing import ThresholdBackend

BIG, SMALL = Prompts.point(15, 25), Prompts.point(55, 9)


class Counting:
    """An array that counts how often it is read."""

    def __init__(self, data):
        self.data, self.shape, self.dtype, self.reads = data, data.shape, data.dtype, 0

    def __getitem__(self, where):
        self.reads += 1
        return self.data[where]


def test_a_click_gives_the_object_in_plane_coordinates(blobs):
    answer = PromptableImage(blobs, ThresholdBackend()).segment(BIG)
    assert answer.region == Region(10, 20, 30, 40)
    assert answer.mask.all()
    assert (blobs[answer.region.slices][answer.mask] == 200).all()


def test_the_second_prompt_encodes_nothing_and_reads_nothing(blobs):
    data, backend = Counting(blobs), ThresholdBackend()
    image = PromptableImage(data, backend)
    image.segment(BIG)
    reads = data.reads
    image.segment(SMALL)
    assert (backend.encoded, data.reads) == (1, reads)


def test_another_image_object_finds_the_embedding_in_the_store(blobs):
    store, backend = MemoryStore(), ThresholdBackend()
    PromptableImage(blobs, backend, store=store).segment(BIG)
    PromptableImage(blobs.copy(), backend, store=store).segment(SMALL)
    assert backend.encoded == 1
    PromptableImage(255 - blobs, backend, store=store).segment(Prompts.point(0, 0))
    assert backend.encoded == 2


def test_another_appearance_or_tiling_is_another_embedding(blobs):
    store, backend = MemoryStore(), ThresholdBackend()
    for options in (
        {},
        {"appearance": Appearance(limits=((0, 100),))},
        {"tiling": Tiling((64, 64), (1, 1))},
    ):
        PromptableImage(blobs, backend, store=store, **options).segment(BIG)
    assert backend.encoded == len(store) == 3


def test_a_key_says_model_tiling_appearance_and_place(blobs):
    class Noting(MemoryStore):
        def put(self, key, embedding):
            self.key = key
            return super().put(key, embedding)

    store, look = Noting(), Appearance(limits=((0, 99),))
    image = PromptableImage(
        np.stack([blobs] * 3),
        ThresholdBackend(),
        axes="zyx",
        appearance=look,
        store=store,
        tiling=Tiling((32, 64), (12, 0)),
    )
    image.segment(SMALL, frame=2)
    assert store.key.model == image.backend.fingerprint
    assert store.key.tiling == f"32x64+12x0 {look.token}"
    assert (store.key.grid, store.key.at) == ((3, 0, 2), (2, 0, 1))


def test_decode_uses_what_the_store_returned(blobs):
    class Lossy(MemoryStore):
        def put(self, key, embedding):
            return super().put(key, {k: np.zeros_like(a) for k, a in embedding.items()})

    image = PromptableImage(blobs, ThresholdBackend(), store=Lossy())
    assert image.segment(BIG).area == image.segment(BIG).area == 0


def test_an_embedding_that_was_dropped_is_made_again(blobs):
    backend = ThresholdBackend()
    image = PromptableImage(
        np.stack([blobs, blobs[::-1]]), backend, axes="tyx", store=MemoryStore(limit=1)
    )
    areas = [
        image.segment(BIG, 0).area,
        image.segment(SMALL, 1).area,
        image.segment(BIG, 0).area,
    ]
    assert areas == [400, 0, 400]
    assert backend.encoded == 3


def test_many_objects_are_decoded_in_one_call_and_in_order(blobs):
    backend = ThresholdBackend()
    image = PromptableImage(blobs, backend)
    together = image.segment_many([SMALL, BIG, SMALL])
    assert [p.area for p in together] == [100, 400, 100]
    assert (backend.encoded, backend.decoded) == (1, 1)
    assert image.segment_many([]) == []
    tiled = PromptableImage(blobs, backend, tiling=Tiling((32, 64)))
    assert [p.area for p in tiled.segment_many([SMALL, BIG, SMALL])] == [100, 400, 100]
    assert (backend.encoded, backend.decoded) == (3, 3)


@pytest.mark.parametrize("halo", [0, 5, 12])
def test_tiles_give_the_same_masks_as_the_whole_where_the_object_fits(blobs, halo):
    backend = ThresholdBackend()
    whole = PromptableImage(blobs, backend).segment_many([BIG, SMALL])
    tiled = PromptableImage(blobs, backend, tiling=Tiling((32, 48), (halo, halo)))
    cut = tiled.segment_many([BIG, SMALL])
    for a, b in zip(whole, cut, strict=True):
        assert a.region == b.region
        np.testing.assert_array_equal(a.mask, b.mask)


def test_each_plane_has_its_own_answer(blobs):
    stack = np.stack([blobs, blobs.T])
    image = PromptableImage(stack, ThresholdBackend(), axes="tyx")
    assert image.segment(BIG, frame=0).region == Region(10, 20, 30, 40)
    assert image.segment(Prompts.point(25, 15), frame=1).region == Region(
        20, 10, 40, 30
    )
    for frame in (2, -1):
        with pytest.raises(PromptError, match=f"frame {frame} of an image with 2"):
            image.segment(BIG, frame=frame)


def test_embedding_everything_leaves_nothing_to_encode(blobs):
    backend = ThresholdBackend()
    image = PromptableImage(
        np.stack([blobs] * 2), backend, axes="zyx", tiling=Tiling((32, 64))
    )
    steps = list(image.iter_embed())
    assert [s.done for s in steps] == [1, 2, 3, 4]
    assert steps[-1].total == 4
    image.segment(BIG, frame=1)
    assert backend.encoded == 4
    image.embed()
    assert backend.encoded == 4


def test_closing_stops_between_two_tiles(blobs):
    backend = ThresholdBackend()
    work = PromptableImage(np.stack([blobs] * 3), backend, axes="tyx").iter_embed()
    next(work)
    work.close()
    assert backend.encoded == 1


def test_forgetting_looks_at_changed_pixels_again(blobs):
    backend = ThresholdBackend()
    image = PromptableImage(blobs, backend)
    assert image.segment(BIG).area == 400
    blobs[10:20] = 0
    assert image.segment(Prompts.point(25, 25)).area == 400, "as documented"
    image.forget()
    assert image.segment(Prompts.point(25, 25)).area == 200


def test_making_an_image_reads_no_pixels(blobs):
    data = Counting(blobs)
    PromptableImage(data, ThresholdBackend())
    assert data.reads == 0


@pytest.mark.parametrize("said", [Prompts(), Prompts.point(3, 3, positive=False)])
def test_prompts_about_nowhere_are_refused(blobs, said):
    with pytest.raises(PromptError, match="No prompt is on"):
        PromptableImage(blobs, ThresholdBackend()).segment(said)


def test_images_that_cannot_be_used_are_refused():
    with pytest.raises(AxesError):
        PromptableImage(np.zeros((4, 4, 3)), ThresholdBackend())
    nans = PromptableImage(np.full((64, 64), np.nan), ThresholdBackend())
    with pytest.raises(NotAnImageError):
        nans.segment(BIG)


def test_the_threshold_of_prompts_moves_the_mask_and_nothing_is_decoded_anew():
    class Twice(ThresholdBackend):
        asked = ()

        def decode(self, embedding, prompts):
            self.asked = (*self.asked, *prompts)
            return super().decode(embedding, prompts)

    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:30, 20:40] = 200
    image = PromptableImage(pixels, Twice())
    click = Prompts.point(15, 25)
    plain = image.segment(click)
    all_of_it = image.segment(click.with_threshold(-2))
    assert (plain.threshold, all_of_it.threshold) == (0, -2)
    assert (plain.area, all_of_it.area) == (400, 64 * 64)
    assert image.backend.asked == (click, click)
