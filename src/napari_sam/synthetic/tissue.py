"""Scenes of tissue sections in haematoxylin and eosin, with labels of nuclei."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.synthetic.illumination import edges
from napari_sam.synthetic.noise import cloud, log_uniform
from napari_sam.synthetic.placement import renumbered, scattered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, eight_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["draw_tissue"]

#: How strongly the stains take red, green and blue out of white light.
_HAEMATOXYLIN, _EOSIN = (0.65, 0.70, 0.29), (0.09, 0.95, 0.28)


def draw_tissue(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of purple nuclei in pink fibres, with white gaps."""
    radius = log_uniform(rng, 4, max(size * 0.06, 5))
    labels = scattered(
        rng, size, radius, {"nucleus": 0.75, "amoeba": 0.15, "disc": 0.1}
    )
    gap = cloud(rng, size, rng.uniform(25, 70), smooth=True) > rng.uniform(1, 2.5)
    # Nuclei at the rim of a gap are not cut: those with their middle in it are removed.
    gone = np.bincount(labels.ravel(), gap.ravel()) * 2 > np.bincount(labels.ravel())
    labels = renumbered(np.where(gone[labels], 0, labels))
    blue, pink = _nuclear(rng, labels), _fibrous(rng, labels, gap)
    stains = np.array([_HAEMATOXYLIN, _EOSIN]) + rng.normal(0, 0.04, (2, 3))
    taken = blue[..., None] * stains[0] + pink[..., None] * stains[1]
    light = np.exp(-taken.clip(0)).astype(np.float32)
    return Scene(eight_bits(apply_sensor(rng, light, noise=(0.003, 0.04))), labels)


def _nuclear(
    rng: np.random.Generator, labels: NDArray[np.int32]
) -> NDArray[np.float32]:
    """Return the haematoxylin stain of nuclei, clotted and dark at the rim."""
    each = rng.uniform(0.7, 1.7, labels.max() + 1) * rng.uniform(0.7, 1.2)
    each[0] = rng.uniform(0, 0.15)
    clots = 1 + cloud(rng, len(labels), rng.uniform(2, 4)) * rng.uniform(0.1, 0.3)
    rim = edges(labels) & (labels > 0)
    stained = each.astype(np.float32)[labels] * clots
    return stained * (1 + np.float32(rng.uniform(0, 0.5)) * rim)


def _fibrous(
    rng: np.random.Generator, labels: NDArray[np.int32], gap: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the eosin stain between the nuclei, along fibres."""
    size = len(labels)
    blur = rng.uniform(1, 4), rng.uniform(4, 14)
    fibres = ndimage.gaussian_filter(
        rng.standard_normal((size, size)).astype(np.float32), blur
    )
    fibres = fibres if rng.uniform() < 0.5 else fibres.T
    amount = rng.uniform(0.35, 0.8) + fibres / fibres.std() * rng.uniform(0.03, 0.15)
    amount += cloud(rng, size, rng.uniform(15, 60)) * rng.uniform(0.03, 0.12)
    return np.where(gap & (labels == 0), 0.02, amount).astype(np.float32)
