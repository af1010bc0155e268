from dataclasses import dataclass, replace

import numpy as np
import pytest

from napari_sam.core.errors import PromptOutsideImageError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.image.close_up import TILING
from napari_sam.image.magnified import MagnifiedBackend
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.testing import ThresholdBackend

CLOSE = TILING.tile[0] + 2 * TILING.halo[0]
SMALL, LARGE = (300, 300, 312, 312), (100, 60, 180, 130)


@dataclass(slots=True)
class Magnifying(ThresholdBackend):
    """Gains by close-ups, or says so: its scores are `close` in them, else `far`."""

    magnification: int = 2
    close: float = 0.6
    far: float = 0.5

    def decode(self, embedding, prompts):
        near = embedding["bright"].shape == (2 * CLOSE, 2 * CLOSE)
        score = self.close if near else self.far
        found = ThresholdBackend.decode(self, embedding, prompts)
        return [replace(one, score=score) for one in found]


@pytest.fixture
def plane():
    pixels = np.zeros((400, 420), np.uint8)
    for top, left, bottom, right in (SMALL, LARGE):
        pixels[top:bottom, left:right] = 200
    return pixels


def middle(box):
    return Prompts.point((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)


def segment(plane, prompts, **options):
    image = PromptableImage(plane, Magnifying(**options), tiling=Tiling())
    return image.segment(prompts)


@pytest.mark.parametrize("prompts", [middle(SMALL), Prompts.rectangle(*SMALL)])
def test_a_small_object_is_decoded_in_a_close_up_and_lies_where_it_is(plane, prompts):
    found = segment(plane, prompts)
    assert found.score == 0.6
    assert found.region == Region(*SMALL)
    assert found.mask.all()
    assert max(found.tile.shape) == CLOSE
    assert found.stride == (0.5, 0.5)


@pytest.mark.parametrize("prompts", [middle(LARGE), Prompts.rectangle(*LARGE)])
def test_a_large_object_is_not(plane, prompts):
    found = segment(plane, prompts)
    assert (found.score, found.region) == (0.5, Region(*LARGE))


def test_of_a_click_the_scale_with_the_higher_score_is_taken(plane):
    assert segment(plane, middle(SMALL), close=0.4).score == 0.5
    box = Prompts.rectangle(*SMALL)
    assert segment(plane, box, close=0.4).score == 0.4


@pytest.mark.parametrize(
    ("box", "far", "encoded"), [(LARGE, 0.6, 1), (LARGE, 0.5, 2), (SMALL, 0.6, 2)]
)
def test_no_close_up_is_encoded_of_a_large_mask_that_is_sure(plane, box, far, encoded):
    backend = Magnifying(far=far, close=0.9)
    image = PromptableImage(plane, backend, tiling=Tiling())
    early = []
    image.segment_many([middle(box)], early=early.append)
    assert (backend.encoded, len(early)) == (encoded, encoded - 1)
    image.segment(middle(box).point(200, 200, positive=False))
    assert backend.encoded == encoded


def test_later_clicks_stay_at_the_scale_of_the_first(plane):
    further = Prompts.point(305, 304).point(290, 290, positive=False)
    assert segment(plane, middle(SMALL) + further).score == 0.6
    assert segment(plane, middle(SMALL) + further, close=0.4).score == 0.5
    both = middle(SMALL) + middle(LARGE)
    assert segment(plane, both).area == segment(plane, both, magnification=1).area


def test_candidates_are_those_of_the_scale_that_was_taken(plane):
    found = segment(plane, middle(SMALL))
    chosen = segment(plane, middle(SMALL).choose(0))
    np.testing.assert_array_equal(found.mask, chosen.mask)
    assert {c.stride for c in found.alternatives} <= {(0.5, 0.5)}


def test_what_outgrows_the_close_up_is_followed_at_the_usual_scale(plane):
    plane[200:400, 304:308] = 200
    image = PromptableImage(plane, Magnifying(close=0.9), tiling=Tiling())
    assert image.segment(middle(SMALL)).region == Region(200, 300, 400, 312)
    further = middle(SMALL).point(390, 305)
    assert image.segment(further).region == Region(200, 300, 400, 312)


@pytest.mark.parametrize("outside", [(-5, 3), (500, 300)])
def test_a_prompt_outside_the_image_is_refused_at_any_scale(plane, outside):
    said = Prompts.rectangle(*SMALL).point(*outside, positive=False)
    with pytest.raises(PromptOutsideImageError):
        segment(plane, said)


def test_a_click_refined_asks_each_scale_no_more_than_it_must(plane):
    backend = Magnifying()
    image = PromptableImage(plane, backend, tiling=Tiling())
    image.segment(middle(SMALL))
    assert (backend.encoded, backend.decoded) == (2, 2)
    image.segment(middle(SMALL).point(290, 290, positive=False))
    assert (backend.encoded, backend.decoded) == (2, 3)
    image.segment(Prompts.rectangle(*SMALL))
    assert (backend.encoded, backend.decoded) == (2, 4)


@pytest.mark.parametrize("prompts", [middle(SMALL), Prompts.rectangle(*SMALL)])
def test_only_embedded_close_ups_are_taken_where_there_is_no_time(plane, prompts):
    backend = Magnifying()
    image = PromptableImage(plane, backend, tiling=Tiling())
    (quick,) = image.segment_many([prompts], new_close_ups=False)
    assert (quick.score, backend.encoded) == (0.5, 1)
    image.segment(prompts)
    (quick,) = image.segment_many([prompts], new_close_ups=False)
    assert (quick.score, backend.encoded) == (0.6, 2)


def test_masks_at_the_usual_scale_are_told_before_a_close_up_is_encoded(plane):
    backend = Magnifying()
    image = PromptableImage(plane, backend, tiling=Tiling())
    told = []

    def early(masks):
        told.append(([mask.score for mask in masks], backend.encoded))

    asked = [middle(SMALL).with_threshold(1.0), Prompts.rectangle(*LARGE)]
    found = image.segment_many(asked, early=early)
    assert told == [([0.5, 0.5], 1)]
    assert [mask.score for mask in found] == [0.6, 0.5]
    image.segment_many(asked, early=early)
    assert len(told) == 1


def test_many_objects_get_the_masks_that_each_gets_alone(plane):
    asked = [middle(SMALL), Prompts.rectangle(*LARGE), Prompts.rectangle(*SMALL)]
    together = PromptableImage(plane, Magnifying(), tiling=Tiling()).segment_many(asked)
    assert [p.score for p in together] == [0.6, 0.5, 0.6]
    for one, found in zip(asked, together, strict=True):
        assert segment(plane, one).to_mask() == found.to_mask()


def test_close_ups_are_embeddings_of_their_own_that_stores_keep(plane):
    store, first, second = MemoryStore(), Magnifying(), Magnifying()
    for backend in (first, second):
        image = PromptableImage(plane, backend, store=store, tiling=Tiling())
        image.segment(middle(SMALL))
    assert (first.encoded, second.encoded, len(store)) == (2, 0, 2)


def test_pixels_changed_in_place_are_seen_after_forgetting(plane):
    image = PromptableImage(plane, Magnifying(), tiling=Tiling())
    image.segment(middle(SMALL))
    plane[320:330, 300:312] = 200
    plane[312:320, 304:308] = 200
    image.forget()
    assert image.segment(middle(SMALL)).region == Region(300, 300, 330, 312)


def test_a_magnified_backend_is_a_backend_like_any_other(blobs):
    plain, by = ThresholdBackend(), 3
    enlarged = MagnifiedBackend(plain, by)
    picture = np.repeat(blobs[..., None], 3, 2)
    drawn = np.zeros(blobs.shape, bool)
    drawn[12:20, 22:30] = True
    asked = [
        Prompts.point(15, 25),
        Prompts.rectangle(45, 0, 63, 20),
        Prompts.from_mask(drawn),
        Prompts.scribble([(12, 22), (25, 38)]).point(55, 9, positive=False),
    ]
    (far,), (near,) = plain.encode([picture]), enlarged.encode([picture])
    for one, other in zip(
        plain.decode(far, asked), enlarged.decode(near, asked), strict=True
    ):
        assert one.to_mask() == other.to_mask()
    assert enlarged.fingerprint != plain.fingerprint
