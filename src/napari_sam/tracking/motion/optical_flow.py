"""Flow of grey pictures, for backends without features to match."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.tracking.motion.flow import Flow

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Radius in pixels of the windows that move as one.
_RADIUS = 7
#: Pixels beyond the region that are looked at as well.
_MARGIN = 16
#: Steps of refining a flow, and pixels that each vector may change by.
_STEPS, _FARTHEST = 3, 4.0


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

    window = _around(region, target.shape)
    top, left = window.top, window.left
    new = target[window.slices]
    at = np.mgrid[window.slices].astype(np.float32)
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


def refined_flow(
    target: NDArray[np.float32],
    source: NDArray[np.float32],
    region: Region,
    flow: Flow,
) -> Flow:
    """Return a flow of a region as the grey pictures have it, near to a known one.

    Parameters
    ----------
    target, source
        Grey pictures of both frames, from 0 to 1.
    region
        In pixels of the tile.
    flow
        Of the same tile; its residual stays.
    """
    from skimage.registration import optical_flow_ilk

    window = _around(region, target.shape)
    vectors = flow.sampled(window)
    at = np.mgrid[window.slices].astype(np.float32) + vectors
    old = ndimage.map_coordinates(source, at, order=1, mode="nearest")
    found = optical_flow_ilk(
        target[window.slices], old, radius=_RADIUS, num_warp=_STEPS, dtype=np.float32
    )
    vectors = vectors + np.clip(found, -_FARTHEST, _FARTHEST)
    start = float(window.top), float(window.left)
    return Flow(
        np.asarray(vectors, np.float32), start, (1.0, 1.0), flow.residual_in(window)
    )


def _around(region: Region, shape: tuple[int, ...]) -> Region:
    return Region(
        max(region.top - _MARGIN, 0),
        max(region.left - _MARGIN, 0),
        min(region.bottom + _MARGIN, shape[0]),
        min(region.right + _MARGIN, shape[1]),
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
