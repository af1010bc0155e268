"""Scenes of farmland from above: fields with paths and hedges between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.synthetic.noise import cloud, log_uniform
from napari_sam.synthetic.parcels import cut_parcels
from napari_sam.synthetic.placement import renumbered
from napari_sam.synthetic.scene import Scene
from napari_sam.synthetic.sensor import apply_sensor, eight_bits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.synthetic.parcels import Parcels

__all__ = ["draw_fields"]

#: Young and old crops, meadow, stubble, ripe corn, bare soil of three sorts.
_CROPS = np.array(
    [
        (0.36, 0.52, 0.22), (0.24, 0.40, 0.18), (0.46, 0.58, 0.30),
        (0.72, 0.64, 0.42), (0.80, 0.72, 0.40), (0.52, 0.40, 0.28),
        (0.42, 0.32, 0.24), (0.62, 0.52, 0.42),
    ],
    np.float32,
)  # fmt: skip
_GRAVEL, _HEDGE = (0.78, 0.74, 0.66), (0.14, 0.24, 0.12)


def draw_fields(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of fields, each with its colour and direction of furrows."""
    side = log_uniform(rng, size * 0.1, size * 0.35)
    wide = rng.uniform(2, 7)
    parcels = cut_parcels(rng, size, side, (wide, rng.uniform(0.5, min(wide, 3))))
    image = _sown(rng, parcels)
    image += cloud(rng, size, rng.uniform(20, 80))[..., None] * rng.uniform(0.01, 0.04)
    image += cloud(rng, size, rng.uniform(2, 5))[..., None] * rng.uniform(0.005, 0.03)
    between = np.array(_GRAVEL if rng.uniform() < 0.6 else _HEDGE, np.float32)
    rough = cloud(rng, size, 3)[..., None] * np.float32(0.04)
    image = np.where(parcels.path[..., None], between + rough, image)
    labels = np.where(parcels.path, 0, parcels.index + 1).astype(np.int32)
    return Scene(
        eight_bits(apply_sensor(rng, image, noise=(0.003, 0.04))), renumbered(labels)
    )


def _sown(rng: np.random.Generator, parcels: Parcels) -> NDArray[np.float32]:
    """Return the image of parcels with colours and furrows."""
    n = len(parcels.angles)
    crops = _CROPS[rng.integers(len(_CROPS), size=n)]
    crops = crops + rng.normal(0, 0.03, (n, 3)).astype(np.float32)
    period = rng.uniform(2.5, 9, n).astype(np.float32)
    depth = rng.uniform(0, 0.09, n).astype(np.float32)
    index = parcels.index
    # Most farmers drive along the longer side; some do not.
    rotation = 0 if rng.uniform() < 0.8 else np.pi / 2
    waves = np.sin(parcels.across(rotation) * (2 * np.pi / period)[index])
    return crops[index] + (waves * depth[index])[..., None]
