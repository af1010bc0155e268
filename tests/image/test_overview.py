from dataclasses import dataclass, replace

import numpy as np
import pytest

from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.testing import ThresholdBackend

SIDE = 1200
LARGE, SMALL = (200, 240, 500, 520), (900, 900, 930, 930)


@dataclass(slots=True)
class Scaling(ThresholdBackend):
    """Scores masks by the level of their tile, with `scores`, finest first."""

    magnification: int = 2
    working_size: int = 1024
    scores: tuple[float, float, float] = (0.4, 0.6, 0.3)

    def decode(self, embedding, prompts):
        side = embedding["bright"].shape[0]
        level = {SIDE: 0, SIDE // 2: 1, SIDE // 4: 2}.get(side)
        score = 0.1 if level is None else self.scores[level]
        found = ThresholdBackend.decode(self, embedding, prompts)
        return [replace(one, score=score) for one in found]


@pytest.fixture
def plane():
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    for top, left, bottom, right in (LARGE, SMALL):
        pixels[top:bottom, left:right] = 200
    return pixels


def middle(box):
    return Prompts.point((box[0] + box[2]) // 2, (box[1] + box[3]) // 2)


def opened(plane, **options):
    return PromptableImage(plane, Scaling(**options), tiling=Tiling())


@pytest.mark.parametrize("scores", [(0.4, 0.6, 0.3), (0.4, 0.3, 0.6)])
def test_an_unsure_click_is_taken_from_the_level_with_the_highest_score(plane, scores):
    found = opened(plane, scores=scores).segment(middle(LARGE))
    assert found.score == 0.6
    assert found.region == Region(*LARGE)
    assert found.area > 0.99 * found.mask.size


@pytest.mark.parametrize("scores", [(0.7, 0.9, 0.9), (0.4, 0.44, 0.44)])
def test_a_sure_mask_and_one_hardly_better_stay(plane, scores):
    assert opened(plane, scores=scores).segment(middle(LARGE)).score == scores[0]


def test_a_small_mask_of_an_overview_is_not_taken(plane):
    assert opened(plane, scores=(0.4, 0.3, 0.6)).segment(middle(SMALL)).score == 0.4


def test_a_box_tells_the_size_and_is_not_asked_again(plane):
    image = opened(plane)
    assert image.segment(Prompts.rectangle(*LARGE)).score == 0.4
    assert len(image.embedded) == 1


def test_later_clicks_go_on_where_the_first_was_taken(plane):
    first = middle(LARGE)
    both = first.point(LARGE[0] + 20, LARGE[1] + 20)
    image = opened(plane)
    _ = image.segment(first)
    alone = opened(plane).segment(both)
    assert image.segment(both).score == alone.score == 0.6
    assert image.segment(both).to_mask() == alone.to_mask()
    assert opened(plane, scores=(0.4, 0.3, 0.3)).segment(both).score == 0.4


def test_without_time_only_embedded_overviews_are_asked(plane):
    image = opened(plane)
    click = [middle(LARGE)]
    (quick,) = image.segment_many(click, new_close_ups=False)
    assert quick.score == 0.4
    _ = image.segment_many(click)
    (quick,) = image.segment_many(click, new_close_ups=False)
    assert quick.score == 0.6


def test_the_usual_mask_is_told_before_an_overview_is_encoded(plane):
    image, early = opened(plane), []
    (found,) = image.segment_many([middle(LARGE)], early=early.append)
    ((first,),) = early
    assert (first.score, found.score) == (0.4, 0.6)
    _ = image.segment_many([middle(LARGE)], early=early.append)
    assert len(early) == 1


def test_overviews_are_tiles_of_coarser_levels_that_stores_keep(plane):
    store = MemoryStore()
    image = PromptableImage(plane, Scaling(), tiling=Tiling(), store=store)
    _ = image.segment(middle(LARGE))
    assert {level for _, level, _ in image.embedded} == {0, 1, 2}


def test_many_objects_get_the_masks_that_each_gets_alone(plane):
    clicks = [middle(SMALL), middle(LARGE)]
    together = opened(plane).segment_many(clicks)
    alone = [opened(plane).segment(one) for one in clicks]
    assert [m.to_mask() for m in together] == [m.to_mask() for m in alone]
    assert [m.score for m in together] == [m.score for m in alone] == [0.4, 0.6]


@pytest.mark.parametrize(
    ("side", "magnification", "levels"), [(500, 2, {0}), (1200, 1, {0})]
)
def test_small_images_and_other_models_have_none(side, magnification, levels):
    pixels = np.zeros((side, side), np.uint8)
    pixels[100:400, 100:400] = 200
    backend = Scaling(magnification=magnification)
    image = PromptableImage(pixels, backend, tiling=Tiling())
    _ = image.segment(Prompts.point(250, 250))
    assert {level for _, level, _ in image.embedded} - {0} == levels - {0}


def test_where_clicks_were_taken_is_forgotten_with_the_pixels(plane):
    first = middle(LARGE)
    both = first.point(first.anchor[0] + 3, first.anchor[1] + 3)
    image = opened(plane)
    assert image.segment(both).score == 0.6
    plane[:] = 0
    row, col = (int(n) for n in first.anchor)
    plane[row - 15 : row + 15, col - 15 : col + 15] = 200
    image.forget()
    assert image.segment(both).score == 0.4
