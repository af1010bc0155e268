"""Classical segmentation of all objects, to compare models with.

- `otsu`: Otsu's threshold (1979), and a watershed of the distance to the background.
- `log`: the same foreground, with the maxima of a Laplacian of Gaussians as seeds.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    Segment = Callable[[NDArray[np.float64]], NDArray[np.int32]]

__all__ = ["CLASSICAL_INSTANCES", "segment_classically"]

#: Scales of the Laplacian of Gaussians, in pixels.
_SCALES = (3, 5, 8, 12)
#: Pixels that two seeds are apart at least.
_APART = 4


def otsu(grey: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return labels by the distance to the background."""
    inside = _foreground(grey)
    depth = ndimage.gaussian_filter(ndimage.distance_transform_edt(inside), 1)
    return _flooded(depth, inside)


def log(grey: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return labels by blobs, whichever of light and dark the objects are."""
    inside = _foreground(grey)
    if not inside.any():
        return np.zeros(grey.shape, np.int32)
    sign = 1 if grey[inside].mean() > grey[~inside].mean() else -1
    blobs = [-sign * s * s * ndimage.gaussian_laplace(grey, s) for s in _SCALES]
    return _flooded(np.max(blobs, 0), inside)


#: The tools by name.
CLASSICAL_INSTANCES: Mapping[str, Segment] = MappingProxyType(
    {"otsu": otsu, "log": log}
)


def segment_classically(name: str, shown: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return labels of a plane ``(y, x, 3)`` by one of the tools."""
    grey = ndimage.gaussian_filter(shown.mean(-1), 1)
    if not np.ptp(grey):
        return np.zeros(grey.shape, np.int32)
    return CLASSICAL_INSTANCES[name](grey)


def _foreground(grey: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return Otsu's foreground, whichever side of the threshold is the smaller one."""
    from skimage.filters import threshold_otsu

    above = grey > threshold_otsu(grey)
    inside = above if above.mean() < 0.5 else ~above
    return np.asarray(ndimage.binary_fill_holes(ndimage.binary_opening(inside)), bool)


def _flooded(
    relief: NDArray[np.float64], inside: NDArray[np.bool_]
) -> NDArray[np.int32]:
    from skimage.feature import peak_local_max
    from skimage.segmentation import watershed

    parts, _ = ndimage.label(inside)
    peaks = peak_local_max(
        relief, min_distance=_APART, labels=parts, exclude_border=False
    )
    seeds = np.zeros(relief.shape, np.int32)
    seeds[tuple(peaks.T)] = np.arange(1, len(peaks) + 1)
    return np.asarray(watershed(-relief, seeds, mask=inside), np.int32)
