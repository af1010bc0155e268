"""Labels of parallel fibres that bend together, branch and join."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from skimage import measure

from napari_sam.synthetic.illumination import edges
from napari_sam.synthetic.noise import cloud, grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["fibres"]

#: Fibres with a pixel this far from their border are too thick.
_THICK = 5.5


def fibres(rng: np.random.Generator, size: int) -> NDArray[np.int32]:
    """Return labels of fibres: the bands between contour lines of a bent slope.

    Lines of one height never cross, so the bands touch without gaps; where the slope
    has a saddle, one band branches.
    """
    rows, cols = grid(size)
    angle = rng.uniform(0, 2 * np.pi)
    sin, cos = np.float32(np.sin(angle)), np.float32(np.cos(angle))
    grain = rng.uniform(40, 110)
    bend = cloud(rng, size, grain, smooth=True) * grain * rng.uniform(0.15, 0.5)
    height = rows * sin + cols * cos + bend
    widths = rng.uniform(4, 13, size)
    band = np.searchsorted(height.min() + np.cumsum(widths), height.ravel())
    band = np.minimum(band, size - 1).reshape(height.shape)
    along = rows * cos - cols * sin + bend
    length = rng.uniform(0.4, 1.5, size) * size
    begins = rng.uniform(0, size, size)
    piece = np.floor((along - begins[band]) / length[band]).astype(np.intp)
    labels = measure.label(band * 64 + piece + 32, background=-1, connectivity=1)
    return _thinned(rng, labels.astype(np.int32))


def _thinned(rng: np.random.Generator, labels: NDArray[np.int32]) -> NDArray[np.int32]:
    """Remove labels of thick fibres, and a few others."""
    n = labels.max() + 1
    depth = ndimage.distance_transform_edt(~edges(labels))
    thick = np.bincount(labels[depth > _THICK], minlength=n) > 0
    gone = thick | (rng.uniform(size=n) < rng.uniform(0, 0.4))
    return np.where(gone[labels], 0, labels).astype(np.int32)
