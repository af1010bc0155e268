"""Mask bias: masks lose what their model is known to add, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_sam.core.backend_spec import BackendSpec
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts import Prompts
from napari_sam.image.mask_bias import without_bias
from napari_sam.image.promptable import PromptableImage
from napari_sam.testing import ThresholdBackend

SPEC = BackendSpec("m", 64, 64, refinement_bias=0.25, box_bias=1.5)
CLICK = Prompts().point(32, 32)


def disc(radius, stride=1.0):
    """Logits that fall by 1 a pixel and are 0 at the radius."""
    cells = round(64 / stride)
    at = (np.arange(cells) + 0.5) * stride
    far = np.hypot(at[:, None] - 32, at - 32)
    logits = (radius - far).astype(np.float32)
    return Prediction(logits, 0.9, Region(0, 0, 64, 64), (stride, stride))


def lowered(mask, prompts, spec=SPEC):
    return float((mask.logits - without_bias(mask, prompts, spec).logits).max())


def test_first_clicks_and_models_without_bias_stay_as_they_are():
    mask = disc(6)
    assert lowered(mask, CLICK) == 0
    plain = BackendSpec("m", 64, 64)
    assert lowered(mask, CLICK.point(30, 30), plain) == 0
    assert lowered(mask, Prompts().rectangle(29, 29, 35, 35), plain) == 0


def test_each_further_click_lowers_masks_of_small_objects():
    two, three = CLICK.point(30, 30), CLICK.point(30, 30).point(34, 34)
    at_125_pixels = disc(np.sqrt(125 / np.pi))
    assert lowered(at_125_pixels, two) == pytest.approx(0.25, abs=0.02)
    assert lowered(at_125_pixels, three) == pytest.approx(0.5, abs=0.04)
    assert lowered(disc(1), three) == pytest.approx(2 / 3, abs=1e-4)
    assert lowered(disc(20), three) == 0


def test_the_bias_goes_by_pixels_and_not_by_cells():
    two = CLICK.point(30, 30)
    assert lowered(disc(6, 0.5), two) == pytest.approx(lowered(disc(6), two), abs=0.01)


def test_a_mask_is_lowered_until_it_ends_where_its_box_does():
    mask = disc(7.2)
    assert lowered(mask, Prompts().rectangle(25, 25, 39, 39)) == 0
    fitted = without_bias(mask, Prompts().rectangle(26, 26, 38, 38), SPEC)
    assert fitted.to_mask().region == Region(26, 26, 38, 38)
    assert 0 < lowered(mask, Prompts().rectangle(30, 30, 34, 34)) <= 1.5


def test_a_mask_is_never_raised_to_fill_a_loose_box():
    assert lowered(disc(7), Prompts().rectangle(10, 10, 54, 54)) == 0


def test_a_click_beyond_a_box_says_that_the_object_goes_on():
    box = Prompts().rectangle(28, 28, 36, 36)
    large = replace(SPEC, refinement_bias=0.0)
    assert lowered(disc(7), box.point(33, 33), large) > 0
    assert lowered(disc(7), box.point(33, 38), large) == 0
    assert lowered(disc(7), box.point(33, 38, positive=False), large) > 0


def test_candidates_are_treated_alike_and_thresholds_stay():
    mask = replace(disc(6), alternatives=(disc(4),), threshold=0.5)
    found = without_bias(mask, CLICK.point(30, 30), SPEC)
    assert found.threshold == 0.5
    assert found.alternatives[0].logits.max() < disc(4).logits.max()


class Biased(ThresholdBackend):
    """A model that says that it is biased."""

    @property
    def spec(self):
        return replace(super().spec, refinement_bias=100.0)


def test_images_go_by_what_the_model_says():
    pixels = np.zeros((64, 64), np.uint8)
    pixels[30:34, 30:34] = 200
    two = CLICK.point(31, 31)
    assert PromptableImage(pixels, ThresholdBackend()).segment(two).area == 16
    assert PromptableImage(pixels, Biased()).segment(two).area == 0
