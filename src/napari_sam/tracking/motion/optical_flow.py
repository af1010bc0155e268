"""Flow of grey pictures, for backends without features to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.tracking.motion.flow import Flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region

#: Radius in pixels of the windows that move as one.
_RADIUS = 7
#: Pixels beyond the region that are looked at as well.
_MARGIN = 16


def optical_flow(
    target: NDArray[np.float32],
    source: NDArray[np.float32],
    region: Region,
    expected: tuple[float, float],
) -> Flow:
    """Return where the pixels of a region of the target frame were on the source frame.

    Iterative Lucas-Kanade with pyramids: Le Besnerais and Champagnat (2005), as
    scikit-image has it.

    Parameters
    ----------
    target, source
        Grey pictures of both frames, from 0 to 1.
    region
        In pixels of the tile.
    expected
        Flow in rows and columns to begin with, in pixels: minus the drift.
    """
    from skimage.registration import optical_flow_ilk

    rows, cols = target.shape
    top, left = max(region.top - _MARGIN, 0), max(region.left - _MARGIN, 0)
    bottom, right = (
        min(region.bottom + _MARGIN, rows),
        min(region.right + _MARGIN, cols),
    )
    new = target[top:bottom, left:right]
    at = np.mgrid[top:bottom, left:right].astype(np.float32)
    at += np.reshape(expected, (2, 1, 1))
    old = ndimage.map_coordinates(source, at, order=1, mode="nearest")
    found = optical_flow_ilk(new, old, radius=_RADIUS, dtype=np.float32)
    vectors = np.asarray(found + np.reshape(expected, (2, 1, 1)), np.float32)
    return Flow(
        vectors,
        (float(top), float(left)),
        (1.0, 1.0),
        photometric_residual(new, source, vectors, (top, left)),
    )


def photometric_residual(
    target: NDArray[np.float32],
    source: NDArray[np.float32],
    vectors: NDArray[np.float32],
    start: tuple[int, int],
) -> NDArray[np.float32]:
    """Return the difference of a window from the source where the flow says it was."""
    rows, cols = target.shape
    at = np.mgrid[:rows, :cols] + np.reshape(start, (2, 1, 1)) + vectors
    old = ndimage.map_coordinates(source, at, order=1, mode="nearest")
    return np.asarray(ndimage.uniform_filter(np.abs(target - old), 5), np.float32)
