import numpy as np

import napari_sam as sam
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.protocols import FeatureMap
from napari_sam.testing import ThresholdBackend
from napari_sam.testing.propagator_suite import masks_of, movie
from napari_sam.tracking import PropagateSettings, motion_reliability
from napari_sam.tracking.motion_reliability import calibrated_offset
from napari_sam.tracking.prompt_method import PromptMethod
from napari_sam.tracking.target_model import fit_target_model, tile_features


class GreyFeatures(ThresholdBackend):
    """Its features are the picture, averaged over two pixels and over four."""

    capabilities = ("features",)

    def features(self, embedding):
        bright = np.asarray(embedding["bright"], np.float32)
        rows, cols = bright.shape
        return [
            FeatureMap(
                bright.reshape(rows // n, n, cols // n, n).mean((1, 3))[None], (n, n)
            )
            for n in (4, 2)
        ]


def image_of(pixels, backend=None):
    return sam.PromptableImage(pixels, backend or GreyFeatures(), axes="tyx")


def test_it_tells_the_objects_of_another_frame_from_their_surroundings():
    pixels, labels = movie()
    image = image_of(pixels)
    model = fit_target_model(image, {0: masks_of(labels[0])})
    tile = image.tiles[0]
    regions = {1: Region(5, 7, 60, 61), 2: Region(5, 7, 20, 20)}
    features = tile_features(image, 6, tile)
    odds = model.log_odds(features, tile, {1: regions[1]})[1]
    together = model.log_odds(features, tile, regions)
    np.testing.assert_allclose(together[1], odds, atol=1e-5)
    assert ((odds > 0) == (labels[6] > 0)[5:60, 7:61]).mean() > 0.95
    assert np.abs(odds).max() <= 4


def test_what_says_nothing_of_the_objects_is_left_out():
    pixels, labels = movie()
    known = {0: masks_of(labels[0])}
    assert fit_target_model(image_of(pixels, ThresholdBackend()), known) is None
    assert fit_target_model(image_of(np.zeros_like(pixels)), known) is None


def test_outlines_become_as_a_person_draws_them(monkeypatch):
    pixels, labels = movie()
    masks = masks_of(labels[0])
    drawn = calibrated_offset(image_of(pixels), {0: masks})
    assert drawn == 0
    ratios = np.tile(np.exp((motion_reliability._OFFSETS - 1) / 4), (2, 1))
    for best, offset in ((2.0, 1.0), (0.5, 0.5), (-1.0, 0.0)):
        ious = np.tile(1 - 0.1 * np.abs(motion_reliability._OFFSETS - best), (2, 1))
        found = ious, ratios
        monkeypatch.setattr(
            motion_reliability, "_restored", lambda *_, found=found: found
        )
        assert calibrated_offset(image_of(pixels), {0: masks}) == offset


def test_corrections_of_one_object_teach_what_others_look_like(monkeypatch):
    pixels, labels = movie()
    image, learnt = image_of(pixels), []
    learn = PromptMethod.learn

    def noted(self, known):
        learnt.append({frame: set(masks) for frame, masks in known.items()})
        learn(self, known)

    monkeypatch.setattr(PromptMethod, "learn", noted)
    tracks = sam.propagate(image, {0: labels[0]}, method="prompt")
    fix = {sam.Address(4, 1): Mask.from_array(labels[4] == 1)}
    sam.propagate(image, fix, method="prompt", tracks=tracks)
    assert learnt == [{0: {1, 2}}, {0: {1, 2}, 4: {1}}]


def test_nothing_is_learnt_where_the_trust_is_set():
    pixels, labels = movie()
    image = image_of(pixels)
    method = PromptMethod(image, PropagateSettings(trust=3.0))
    method.start(0, masks_of(labels[0]))
    assert image.backend.decoded == 0
    assert method._target is None
