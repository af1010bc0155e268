"""The image of a sensor: blur, noise, contrast limits, gamma, colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.synthetic.noise import cloud

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["apply_sensor", "colour", "eight_bits"]


def apply_sensor(
    rng: np.random.Generator,
    image: NDArray[np.float32],
    *,
    noise: tuple[float, float] = (0.003, 0.15),
) -> NDArray[np.float32]:
    """Return an image with blur, noise, contrast limits and gamma; in [0, 1].

    Parameters
    ----------
    rng
        Random generator.
    image
        ``(rows, cols)``, or with colours last.
    noise
        Limits of its deviation, where the image is about 1 from dark to bright.
    """
    still = (0,) * (image.ndim - 2)
    if (blur := rng.uniform(0, 2.2)) > 0.3:
        image = ndimage.gaussian_filter(image, (blur, blur, *still))
    grain = rng.standard_normal(image.shape).astype(np.float32)
    if rng.uniform() < 0.5:
        g = rng.uniform(0.3, 1)
        grain = ndimage.gaussian_filter(grain, (g, g, *still)) * (1 + 2 * g)
    image = image + grain * np.exp(rng.uniform(*np.log(noise)))
    low, high = np.percentile(image, [0.1, 99.9])
    image = np.clip((image - low) / (high - low + 1e-6), 0, 1)
    return image ** np.exp(rng.uniform(-0.6, 0.6))


def colour(
    rng: np.random.Generator,
    grey: NDArray[np.float32],
    labels: NDArray[np.int32],
    *,
    plain: float,
) -> NDArray[np.uint8]:
    """Return a grey image as RGB, or with random colours, stains and tints.

    Parameters
    ----------
    rng
        Random generator.
    grey
        ``(rows, cols)`` in [0, 1].
    labels
        ``(rows, cols)``.
    plain
        Probability that it stays grey.
    """
    if rng.uniform() < plain:
        return eight_bits(np.repeat(grey[..., None], 3, -1))
    first, second = rng.uniform(0, 1, (2, 3))
    rgb = first * (1 - grey[..., None]) + second * grey[..., None]
    stain = [cloud(rng, len(grey), rng.uniform(2, 40)) for _ in range(3)]
    rgb = rgb + np.stack(stain, -1) * rng.uniform(0, 0.06)
    tint = rng.normal(0, rng.uniform(0, 0.15), (labels.max() + 1, 3))
    tint[0] = 0
    rgb = rgb + tint[labels]
    low, high = rgb.min(), rgb.max()
    return eight_bits((rgb - low) / (high - low + 1e-6))


def eight_bits(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return an image of [0, 1] as 8-bit."""
    return (np.clip(image, 0, 1) * 255).round().astype(np.uint8)
