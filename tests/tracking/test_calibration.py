import numpy as np

import napari_sam as sam
from napari_sam.testing import ThresholdBackend
from napari_sam.testing.propagator_suite import masks_of, movie
from napari_sam.tracking import PropagateSettings
from napari_sam.tracking.motion_reliability import ALONE, calibrated_trust
from napari_sam.tracking.prompt_method import PromptMethod


def image_of(pixels):
    return sam.PromptableImage(pixels, ThresholdBackend(), axes="tyx")


def test_motion_counts_more_where_the_model_does_not_know_the_objects():
    pixels, labels = movie()
    known = calibrated_trust(image_of(pixels), 0, masks_of(labels[0]))
    unknown = calibrated_trust(image_of(np.zeros_like(pixels)), 0, masks_of(labels[0]))
    assert known == 4
    assert unknown == 12


def test_in_a_stack_of_unknown_objects_motion_alone_decides():
    pixels, labels = movie()
    masks = masks_of(labels[0])
    for stack, alone in ((np.zeros_like(pixels), True), (pixels, False)):
        image = sam.PromptableImage(stack, ThresholdBackend(), axes="zyx")
        assert (calibrated_trust(image, 0, masks) == ALONE) == alone


def test_the_trust_that_is_set_is_taken_and_nothing_is_decoded_for_it():
    pixels, labels = movie()
    image = image_of(pixels)
    method = PromptMethod(image, PropagateSettings(trust=3.0))
    begun = method.start(0, masks_of(labels[0]))
    assert [o.trust for o in begun.values()] == [3.0, 3.0]
    assert image.backend.decoded == 0
    propagated = method.propagate(begun, 1, {})
    assert [o.trust for o in propagated.values()] == [3.0, 3.0]
