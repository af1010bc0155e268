"""Weights and inputs of the frozen answers of SAM-HQ's mask decoder, from one seed."""

import zlib

import torch

#: Sides of the embedding, and width of ViT-B's early features.
GRID, EARLY = 16, 768


def drawn(name, shape, scale=1.0):
    """Return random numbers that depend on a name only."""
    generator = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    return torch.randn(shape, generator=generator) * scale


def decoder_weights(state):
    """Return weights for each name of a mask decoder, of the size of trained ones."""
    return {
        name: drawn(name, value.shape, 0.1 if value.dim() > 1 else 0.2)
        for name, value in state.items()
    }


def inputs():
    """Return embedding, early features, tokens of two prompts, mask and positions."""
    return {
        "image": drawn("image", (1, 256, GRID, GRID)),
        "early": drawn("early", (1, EARLY, GRID, GRID)),
        "sparse": drawn("sparse", (2, 3, 256)),
        "dense": drawn("dense", (2, 256, GRID, GRID)),
        "positions": drawn("positions", (1, 256, GRID, GRID)),
    }
