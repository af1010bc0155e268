from functools import cache

import numpy as np
import pytest

import napari_sam as sam
from napari_sam.core.errors import ModelError, SettingError
from napari_sam.core.protocols import SupportsVideo
from napari_sam.testing import (
    BackendTests,
    PropagatorTests,
    ThresholdBackend,
    VideoThresholdBackend,
)
from napari_sam.testing.propagator_suite import masks_of, movie
from napari_sam.tracking import PropagateSettings
from napari_sam.tracking.memory_method import MemoryMethod
from napari_sam.tracking.prompt_method import PromptMethod
from napari_sam.tracking.propagators import propagator


def make(pixels, method, backend, **settings):
    image = sam.PromptableImage(pixels, backend, axes="tyx")
    return propagator(method, image, PropagateSettings(**settings))


@cache
def pocket():
    return sam.load_backend("pocket")


class TestPromptsOfPixels(PropagatorTests):
    def make_propagator(self, pixels):
        return make(pixels, "prompt", ThresholdBackend())


class TestPromptsOfPocket(PropagatorTests):
    def make_propagator(self, pixels):
        return make(pixels, "prompt", pocket())


class TestMemory(PropagatorTests):
    def make_propagator(self, pixels):
        return make(pixels, "memory", VideoThresholdBackend())


class TestTheVideoBackend(BackendTests):
    def make_backend(self):
        return VideoThresholdBackend()

    def test_it_has_memories(self):
        assert isinstance(VideoThresholdBackend(), SupportsVideo)
        assert not isinstance(ThresholdBackend(), SupportsVideo)


def test_an_object_has_its_prompted_memory_and_the_latest_ones():
    pixels, labels = movie()
    backend = VideoThresholdBackend()
    method = make(pixels, "memory", backend, memories=2)
    objects = method.start(0, masks_of(labels[0]))
    for frame in range(1, 6):
        objects = method.propagate(objects, frame, {})
    assert backend.recalled == [1, 1, 2, 2, 3, 3, 3, 3, 3, 3]
    frames = [at for at, _ in objects[1].memories]
    assert frames == [0, 4, 5]
    assert objects[1].memories[0][1].prompted


def test_what_a_model_cannot_do_and_what_is_no_method_is_refused():
    with pytest.raises(ModelError, match="method='prompt'"):
        make(movie()[0], "memory", ThresholdBackend())
    with pytest.raises(SettingError, match="'prompt' or 'memory'"):
        make(movie()[0], "magic", ThresholdBackend())


def test_a_video_model_remembers_unless_another_method_is_named():
    pixels = movie()[0]
    assert isinstance(make(pixels, "auto", VideoThresholdBackend()), MemoryMethod)
    assert isinstance(make(pixels, "prompt", VideoThresholdBackend()), PromptMethod)
    assert isinstance(make(pixels, "auto", ThresholdBackend()), PromptMethod)


def test_a_propagator_of_ones_own_is_taken_as_it_is():
    own = object()
    assert make(np.zeros((1, 64, 64), np.uint8), own, ThresholdBackend()) is own
