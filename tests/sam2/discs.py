"""A clip of three discs that move apart from each other, over noise."""

import numpy as np

from napari_sam.core.mask import Mask

SIDE, FRAMES = 128, 20


def clip(frames=FRAMES):
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 60, (frames, SIDE, SIDE), np.uint8)
    for at, frame in enumerate(pixels):
        for disc in discs(at):
            frame[disc] += 150
    return pixels


def discs(at):
    y, x = np.mgrid[:SIDE, :SIDE]
    places = ((30 - at / 4, 30), (90, 40 + at / 3), (60, 100))
    return [(y - r) ** 2 + (x - c) ** 2 < 12**2 for r, c in places]


def masks(at=0):
    return {i: Mask.from_array(disc) for i, disc in enumerate(discs(at), 1)}
