"""Half precision changes no mask that a person could tell apart."""

import numpy as np
import pytest

from napari_sam.api import load_backend
from napari_sam.core.prompts import Prompts
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.synthetic import draw_scene

from .known import key


def said_about(labels):
    for label in np.unique(labels[labels > 0])[:3]:
        rows, cols = np.nonzero(labels == label)
        middle = len(rows) // 2
        yield Prompts.point(int(rows[middle]), int(cols[middle]))
        box = rows.min(), cols.min(), rows.max() + 1, cols.max() + 1
        yield Prompts.rectangle(*map(int, box))


def full(prediction, shape):
    mask = np.zeros(shape, bool)
    mask[prediction.region.slices] = prediction.mask
    return mask


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_masks_differ_in_less_than_one_pixel_of_ten_thousand(path, seed):
    scene = draw_scene(seed, size=160)
    shape = scene.labels.shape
    backend = load_backend("pocket", device="cpu")
    (exact,) = backend.encode([scene.image])
    rounded = ZarrStore(path).put(key(), exact)
    asked = list(said_about(scene.labels))
    pairs = zip(
        backend.decode(exact, asked), backend.decode(rounded, asked), strict=True
    )
    differ = pixels = drawn = 0
    for one, other in pairs:
        for a, b in zip(one.candidates, other.candidates, strict=True):
            differ += np.count_nonzero(full(a, shape) != full(b, shape))
            pixels, drawn = pixels + np.prod(shape), drawn + a.area
    assert drawn > 0.003 * pixels
    assert differ < 1e-4 * pixels


def test_what_is_read_answers_like_what_was_written(path):
    scene = draw_scene(3, size=96)
    backend = load_backend("pocket", device="cpu")
    (exact,) = backend.encode([scene.image])
    first = ZarrStore(path).put(key(), exact)
    again = ZarrStore(path).get(key())
    asked = list(said_about(scene.labels))
    for a, b in zip(
        backend.decode(first, asked), backend.decode(again, asked), strict=True
    ):
        np.testing.assert_array_equal(a.logits, b.logits)
        assert a.score == b.score
