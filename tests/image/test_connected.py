"""The mask of a click is what hangs together with what was clicked."""

import numpy as np
import pytest

from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.image.connected import connected
from napari_sam.testing import ThresholdBackend

HERE = Prompts.point(10, 9)


def two_parts(saddle=-3.0):
    """Two squares of 8 x 8 cells and a weak bridge; two pixels to a cell."""
    logits = np.full((32, 32), -9.0, np.float32)
    logits[2:10, 2:10] = logits[2:10, 20:28] = 5
    logits[6, 10:20] = saddle
    return Prediction(logits, 0.9, Region(100, 50, 164, 114), (2.0, 2.0))


def at(row, col):
    return Prompts.point(100 + row, 50 + col)


def test_only_the_part_that_was_clicked_is_kept():
    answer = two_parts()
    left, right = connected(answer, at(10, 9)), connected(answer, at(10, 45))
    assert left.area + right.area == answer.area
    whole = answer.full((200, 200))
    np.testing.assert_array_equal(left.full((200, 200)) | right.full((200, 200)), whole)
    assert left.region.right <= right.region.left
    assert left.score == answer.score


def test_parts_that_were_both_clicked_are_both_kept():
    answer = two_parts()
    for said in (
        at(10, 9) + at(10, 45),
        at(10, 9).scribble([(110, 59), (110, 95)]),
        at(10, 9).point(110, 95).point(150, 60, positive=False),
    ):
        assert connected(answer, said).area == answer.area


def test_a_negative_click_keeps_nothing():
    answer = two_parts()
    said = at(10, 9).point(110, 95, positive=False)
    assert connected(answer, said).region == connected(answer, at(10, 9)).region


@pytest.mark.parametrize(
    "more",
    [
        Prompts.rectangle(100, 50, 164, 114),
        Prompts.polygon([(100, 50), (100, 114), (164, 80)]),
        Prompts.from_mask(np.ones((9, 9), bool), top=104, left=54),
    ],
)
def test_boxes_outlines_and_masks_say_where_all_of_it_is(more):
    answer = two_parts()
    assert connected(answer, more) is answer
    assert connected(answer, at(10, 9) + more) is answer


def test_a_click_in_a_gap_takes_the_part_beside_it_or_changes_nothing():
    answer = two_parts()
    beside, away = at(20, 9), at(50, 30)
    assert connected(answer, beside).region == connected(answer, at(10, 9)).region
    assert connected(answer, away).logits is answer.logits


def test_what_hangs_together_stays_as_it_is_to_the_bit():
    answer = two_parts(saddle=0.5)
    assert connected(answer, at(10, 9)).logits is answer.logits
    kept = connected(two_parts(), at(10, 9))
    np.testing.assert_array_equal(kept.logits[:12, :10], two_parts().logits[:12, :10])


def test_a_lower_threshold_joins_the_parts_where_they_meet():
    kept = connected(two_parts(saddle=-3.0), at(10, 9))
    assert kept.with_threshold(-1.5).region.right < 80
    assert kept.with_threshold(-3.5).region.right > 100


def test_every_candidate_is_treated_alike():
    answer = two_parts()
    several = Prediction(
        answer.logits, 0.9, answer.tile, answer.stride, alternatives=(two_parts(),)
    )
    one, other = connected(several, at(10, 9)).candidates
    assert one.area == other.area == answer.area / 2


class Greedy(ThresholdBackend):
    """Answers a click with everything bright, as if it were one object."""

    def decode(self, embedding, prompts):
        bright = np.asarray(embedding["bright"])
        logits = np.where(bright, 6, -6).astype(np.float32)
        return [Prediction(logits, 0.9, Region(0, 0, *logits.shape)) for _ in prompts]


def test_an_image_answers_a_click_with_one_blob_and_a_box_with_all(blobs):
    backend = Greedy()
    for tiling in (None, Tiling((48, 48), (8, 8))):
        image = PromptableImage(blobs, backend, tiling=tiling)
        assert image.segment(Prompts.point(15, 25)).area == 400
        both = image.segment(Prompts.point(15, 25).point(55, 9))
        assert both.area == 500
    assert image.segment(Prompts.rectangle(0, 0, 64, 64)).area == 500


def test_without_it_masks_are_the_models_own_to_the_bit(blobs):
    image = PromptableImage(blobs, Greedy(), connected=False)
    tile = image.tiles[0]
    (known,) = image.backend.decode(image.embedding(0, tile), [Prompts.point(15, 25)])
    found = image.segment(Prompts.point(15, 25))
    np.testing.assert_array_equal(found.logits, known.logits)
    assert (found.area, found.score) == (known.area, known.score)
    assert found.area > 400
    tiled = PromptableImage(
        blobs, Greedy(), tiling=Tiling((48, 48), (8, 8)), connected=False
    )
    assert tiled.segment(Prompts.point(15, 25)).area > 400
