"""Training images varied: turned, lit, focused and disturbed as others' images are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter

from napari_sam.training.example_sources import Crop

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["augmented"]


def augmented(rng: np.random.Generator, crop: Crop) -> Crop:
    """Return a crop rotated, flipped, and with other light, colours, blur and noise."""
    image, masks, labels = crop
    turns = int(rng.integers(4))
    image, labels = np.rot90(image, turns), np.rot90(labels, turns)
    masks = np.rot90(masks, turns, (1, 2))
    if rng.uniform() < 0.5:
        image, masks, labels = image[:, ::-1], masks[:, :, ::-1], labels[:, ::-1]
    x = _other_light(rng, image.astype(np.float32) / 255)
    x = _other_noise(rng, _other_focus(rng, x))
    if rng.uniform() < 0.3:
        x = x[..., rng.permutation(3)]
    image = (np.clip(x, 0, 1) * 255).round().astype(np.uint8)
    return Crop(image, np.ascontiguousarray(masks), np.ascontiguousarray(labels))


def _other_light(
    rng: np.random.Generator, x: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Take dark for bright, another gamma, another range."""
    if rng.uniform() < 0.3:
        x = 1 - x
    if rng.uniform() < 0.5:
        x = x ** np.exp(rng.uniform(-0.6, 0.6))
    if rng.uniform() < 0.4:
        x = x * rng.uniform(0.3, 1.3) + rng.uniform(-0.1, 0.3)
    return x


def _other_focus(
    rng: np.random.Generator, x: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Blur, or make small and enlarge again."""
    if rng.uniform() < 0.15:
        return gaussian_filter(x, (*2 * (rng.uniform(0.5, 2.0),), 0))
    if rng.uniform() < 0.1:
        rows, cols = x.shape[:2]
        factor = rng.uniform(2, 4)
        coarse = max(round(rows / factor), 1), max(round(cols / factor), 1)
        return _resized(_resized(x, coarse, "area"), (rows, cols), "bilinear")
    return x


def _other_noise(
    rng: np.random.Generator, x: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Add noise: most often weak, at times of a quarter of the range."""
    if rng.uniform() < 0.4:
        noise = rng.standard_normal(x.shape[:2]).astype(np.float32)
        x = x + 0.25 * rng.uniform() ** 2 * noise[..., None]
    return x


def _resized(
    x: NDArray[np.floating], shape: tuple[int, int], mode: str
) -> NDArray[np.floating]:
    planes = torch.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)))[None]
    return F.interpolate(planes, shape, mode=mode)[0].permute(1, 2, 0).numpy()
