import numpy as np

from napari_sam.core.prompts import Prompts
from napari_sam.testing import BackendTests, ThresholdBackend


class TestThresholdBackend(BackendTests):
    def make_backend(self):
        return ThresholdBackend()


def masks(blobs, *said):
    backend = ThresholdBackend()
    (embedding,) = backend.encode([np.repeat(blobs[..., None], 3, 2)])
    return [p.full(blobs.shape) for p in backend.decode(embedding, said)]


def test_a_click_is_the_blob_under_it(blobs):
    large, small = masks(blobs, Prompts.point(15, 25), Prompts.point(55, 9))
    assert (large.sum(), small.sum()) == (400, 100)


def test_a_box_is_its_largest_blob_cut_to_it(blobs):
    whole, part = masks(
        blobs, Prompts.rectangle(0, 0, 64, 64), Prompts.rectangle(0, 0, 20, 64)
    )
    assert (whole.sum(), part.sum()) == (400, 200)


def test_a_negative_click_takes_its_blob_away(blobs):
    both = Prompts.point(15, 25).point(55, 9)
    one, none = masks(blobs, both.point(50, 5, positive=False), Prompts.point(0, 0))
    assert (one.sum(), none.sum()) == (400, 0)


def test_a_choice_is_carried_into_the_next_round(blobs):
    chosen, then = masks(
        blobs,
        Prompts.point(15, 25).choose(1),
        Prompts.point(15, 25).choose(1).point(55, 9),
    )
    assert (chosen.sum(), then.sum()) == (18 * 18, 18 * 18 + 100)
