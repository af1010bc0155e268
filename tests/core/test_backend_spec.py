"""What is known of a model, also of one of the first version of the protocol."""

import numpy as np

from napari_sam.core.backend_spec import BackendSpec, backend_spec, supports
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage
from napari_sam.testing import ThresholdBackend


class OldProtocol:
    """Only what the first version of `Backend` asked for."""

    working_size = 64
    fingerprint = "old-1"

    def encode(self, planes):
        return [dict(e) for e in ThresholdBackend().encode(planes)]

    def decode(self, embedding, prompts):
        return ThresholdBackend().decode(embedding, prompts)


def test_a_backend_without_a_spec_gets_the_usual_one():
    assert backend_spec(OldProtocol()) == BackendSpec("OldProtocol", 64, 64)


def test_attributes_of_a_backend_without_a_spec_count():
    backend = OldProtocol()
    backend.view, backend.name, backend.percentiles = 32, "mine", (2.0, 98.0)
    backend.capabilities = ["video"]
    found = backend_spec(backend)
    assert (found.view, found.name, found.percentiles) == (32, "mine", (2.0, 98.0))
    assert supports(backend, "video")
    assert not supports(backend, "concepts")


def test_an_image_takes_a_backend_of_the_first_version():
    pixels = np.zeros((64, 64), np.uint8)
    pixels[10:30, 20:40] = 200
    image = PromptableImage(pixels, OldProtocol())
    assert image.segment(Prompts().point(15, 25)).area == 400
