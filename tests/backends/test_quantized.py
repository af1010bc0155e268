"""Quantized features: near to what they were, and the same wherever they are kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_sam.api import load_backend
from napari_sam.backends.quantized import SCALES, quantize, scaled, windowed
from napari_sam.core.embedding import EmbeddingKey
from napari_sam.core.images.scaled_array import ScaledArray
from napari_sam.stores.memory_store import MemoryStore
from napari_sam.stores.zarr_store import ZarrStore

CPU = torch.device("cpu")


@pytest.fixture
def features():
    rng = np.random.default_rng(0)
    wide = rng.normal(0, np.geomspace(1e-3, 300, 6)[:, None, None], (6, 9, 7)) + 40
    flat = np.full((2, 4, 4), -3.25)
    return {"a": torch.tensor(wide, dtype=torch.float32), "b": torch.tensor(flat)}


def test_numbers_are_within_half_a_step(features):
    arrays = quantize(features)
    assert {n: a.dtype.name for n, a in arrays.items()} == {
        "a": "uint8", "b": "uint8", SCALES: "float32",
    }  # fmt: skip
    a, b = (f.whole() for f in windowed(arrays, ("a", "b"), CPU))
    step = arrays[SCALES][:6, 1][:, None, None]
    span = np.ptp(features["a"].numpy(), axis=(1, 2))
    off = (a - features["a"]).abs().numpy()
    assert (off <= step / 2 + 1e-5).all()
    # the lowest value is rounded to half precision, which matters to narrow channels
    assert (step.ravel()[3:] <= span[3:] / 255 * 1.02).all()
    assert np.array_equal(b.numpy(), features["b"].float().numpy())


def test_windows_are_those_of_the_whole(features):
    """Before as much was asked for as there is, and after it."""
    arrays = quantize(features)
    whole = windowed(arrays, ("a", "b"), CPU)[0].whole()
    found = windowed(arrays, ("a", "b"), CPU)[0]
    for first in (0, 1, 2, 3):
        rows, cols = slice(first, first + 5), slice(2, 6)
        assert torch.equal(found.window(rows, cols), whole[:, rows, cols])


def test_scaled_arrays_are_those_of_the_model(features):
    arrays = quantize(features)
    whole = windowed(arrays, ("a", "b"), CPU)[1].whole().numpy()
    found = [ScaledArray(*one) for one in scaled(arrays, ("a", "b"))][1]
    assert np.array_equal(np.asarray(found), whole)
    np.testing.assert_allclose(found.mean((1, 2)), whole.mean((1, 2)), rtol=1e-5)
    window = slice(1, 2), slice(0, 4, 3), slice(1, 3)
    assert np.array_equal(found[window], whole[window])


def test_scales_are_exact_in_half_precision(features):
    scales = quantize(features)[SCALES]
    assert np.array_equal(scales, scales.astype(np.float16).astype(np.float32))


def test_an_embedding_is_the_same_in_memory_and_on_disk(tmp_path):
    backend = load_backend("pocket")
    pixels = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    (made,) = backend.encode([pixels])
    key = EmbeddingKey(backend.fingerprint, "t", (1, 0, 1), (0, 0, 0), "0" * 32)
    on_disk = dict(ZarrStore(tmp_path / "store").put(key, made))
    in_memory = dict(MemoryStore().put(key, made))
    for name, array in made.items():
        assert np.array_equal(on_disk[name], array), name
        assert np.array_equal(in_memory[name], array), name
    assert sum(a.nbytes for a in made.values()) < 64 * 48 * 4 * 6
