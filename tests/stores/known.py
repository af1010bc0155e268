"""Embeddings that say what they are: their values follow from place and pixels."""

import zlib

import numpy as np

from napari_sam.core.embedding import EmbeddingKey

PLANES, VERSIONS = 4, 3


def key(plane=0, version=0, **changes):
    about = {
        "model": "model",
        "tiling": "whole c- l0:255 g1",
        "grid": (PLANES, 0, 1),
        "at": (plane, 0, 0),
        "digest": f"pixels {version}",
        "plane_shape": (64, 64),
    }
    return EmbeddingKey(**{**about, **changes})


def embedding(of, side=64):
    """Return what "the model" makes of a key; another for each plane and version."""
    seed = zlib.crc32(f"{of.model} {of.tiling} {of.at} {of.digest}".encode())
    rng = np.random.default_rng(seed)
    return {
        "fine": rng.normal(size=(8, side, side)).astype(np.float16).astype(np.float32),
        "coarse": rng.integers(-9, 9, size=(4, 8, 8)).astype(np.float32),
        "shape": np.array([64, 64], np.int32),
    }


def same(found, expected):
    return found.keys() == expected.keys() and all(
        np.array_equal(found[name], array) and found[name].dtype == array.dtype
        for name, array in expected.items()
    )


def right_or_none(store, of):
    """Whether it was found; fails if anything else than the right value was."""
    found = store.get(of)
    assert found is None or same(found, embedding(of)), f"wrong answer for {of}"
    return found is not None
