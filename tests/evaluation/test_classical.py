import warnings

import numpy as np
import pytest
from scipy import ndimage

from napari_sam.core.errors import PromptError, UnknownModelError
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.evaluation import open_classical
from napari_sam.evaluation.classical import CLASSICAL
from napari_sam.evaluation.classical_markers import REACH
from napari_sam.image import PromptableImage
from napari_sam.testing import BackendTests

TOOLS = sorted(CLASSICAL)


class TestFlood(BackendTests):
    def make_backend(self):
        return open_classical("flood")


class TestWalker(BackendTests):
    def make_backend(self):
        return open_classical("walker")


class TestWatershed(BackendTests):
    def make_backend(self):
        return open_classical("watershed")


@pytest.fixture(scope="module")
def discs():
    """Two bright discs that touch, of 12 pixels radius, on a noisy ground."""
    y, x = np.ogrid[:70, :90]
    first = (y - 35) ** 2 + (x - 30) ** 2 < 12**2
    second = (y - 35) ** 2 + (x - 53) ** 2 < 12**2
    noise = np.random.default_rng(0).normal(0, 4, (70, 90))
    return first, second, (40 + 140 * (first | second) + noise).astype(np.uint8)


@pytest.mark.parametrize("name", TOOLS)
def test_a_click_finds_what_stands_alone(name, discs):
    first, second, pixels = discs
    image = PromptableImage(np.where(second, 40, pixels), open_classical(name))
    found = image.segment(Prompts().point(35, 30)).to_mask()
    assert found.iou(Mask.from_array(first)) > 0.85


@pytest.mark.parametrize("name", TOOLS)
def test_a_box_finds_what_is_in_it(name, discs):
    first, _, pixels = discs
    image = PromptableImage(pixels, open_classical(name))
    mask = image.segment(Prompts().rectangle(24, 19, 47, 42)).to_mask()
    assert mask.iou(Mask.from_array(first)) > 0.85


@pytest.mark.parametrize("name", ["walker", "watershed"])
def test_a_negative_click_takes_the_neighbour_away(name, discs):
    _, second, pixels = discs
    image = PromptableImage(pixels, open_classical(name))
    click = Prompts().point(35, 30)
    alone = image.segment(click).full((70, 90))
    told = image.segment(click.point(35, 53, positive=False)).full((70, 90))
    assert (alone & second).sum() > 0.5 * second.sum()
    assert (told & second).sum() < 0.05 * second.sum()


def test_a_flood_stops_short_of_a_negative_click():
    pixels = np.zeros((20, 40), np.uint8)
    pixels[5:15, 5:20], pixels[5:15, 20:35] = 200, 220
    image = PromptableImage(pixels, open_classical("flood"))
    click = Prompts().point(10, 10)
    assert image.segment(click).full((20, 40))[10, 30]
    told = image.segment(click.point(10, 30, positive=False)).full((20, 40))
    assert told[10, 12]
    assert not told[10, 30]


def test_a_flood_joins_what_several_clicks_reach(discs):
    first, second, pixels = discs
    apart = np.where(ndimage.binary_erosion(first | second, iterations=2), pixels, 40)
    apart[:, 40:44] = 40
    image = PromptableImage(apart, open_classical("flood"))
    both = image.segment(Prompts().point(35, 30).point(35, 53)).full((70, 90))
    assert both[35, 30]
    assert both[35, 53]
    assert not both[35, 42]


@pytest.mark.parametrize("name", ["walker", "watershed"])
def test_work_is_bounded_by_a_window(name):
    pixels = np.full((400, 300), 90, np.uint8)
    image = PromptableImage(pixels, open_classical(name))
    region = image.segment(Prompts().point(200, 150)).region
    assert max(region.shape) <= 2 * REACH + 1


@pytest.mark.parametrize("name", TOOLS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (9, 9)])
def test_tiny_and_flat_planes_are_answered_without_a_warning(name, shape):
    image = PromptableImage(np.full(shape, 7, np.uint8), open_classical(name))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for prompts in (Prompts().point(0, 0), Prompts().rectangle(0, 0, *shape)):
            assert image.segment(prompts).full(shape)[0, 0] in (True, False)


def test_a_noisy_plane_is_walked_without_a_warning(discs):
    image = PromptableImage(discs[2], open_classical("walker"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        image.segment(Prompts().point(5, 5))


def test_the_names_are_said_where_one_is_unknown():
    with pytest.raises(UnknownModelError, match="flood, walker, watershed"):
        open_classical("wand")


@pytest.mark.parametrize("name", TOOLS)
def test_nothing_said_is_refused(name, discs):
    image = PromptableImage(discs[2], open_classical(name))
    with pytest.raises(PromptError):
        image.segment(Prompts())
