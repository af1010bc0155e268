"""Sizes and shapes of objects, as scikit-image measures them."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from scipy.ndimage import find_objects
from scipy.spatial import ConvexHull
from skimage.measure import regionprops_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.measurement.columns import Columns
    from napari_sam.measurement.planes_and_volumes import Window

_ALWAYS = ("num_pixels", "area", "bbox", "centroid", "equivalent_diameter_area")
_AXES = ("axis_major_length", "axis_minor_length")
_IN_PLANES = (*_AXES, "orientation", "eccentricity")
_IN_VOLUMES = (*_AXES, "inertia_tensor", "inertia_tensor_eigvals")
_BOX = {2: ("top", "left", "bottom", "right"),
        3: ("front", "top", "left", "back", "bottom", "right")}  # fmt: skip


def shapes(
    labels: NDArray[np.int32],
    spacing: tuple[float, ...],
    window: Window,
    *,
    shape: bool,
    solidity: bool,
) -> Columns:
    """Return place, size and shape of each object, in order of their numbers.

    Parameters
    ----------
    labels
        Objects numbered from 1, without gaps.
    spacing
        Size of a pixel along each axis.
    window
        Where the labels lie in their picture.
    shape, solidity
        Whether axes and orientation, and the solidity, are measured.
    """
    ndim = labels.ndim
    names = [*_ALWAYS, *(["solidity"] if solidity and ndim == 2 else [])]
    names += (_IN_PLANES if ndim == 2 else _IN_VOLUMES) if shape else ()
    found = regionprops_table(labels, properties=names, spacing=spacing)
    columns: Columns = {**_place(found, spacing, window)}
    columns["pixels"] = found["num_pixels"].astype(np.int64)
    columns["area" if ndim == 2 else "volume"] = found["area"].astype(np.float64)
    columns["equivalent_diameter"] = found["equivalent_diameter_area"]
    columns |= {n: found[n] for n in (*_IN_PLANES, "solidity") if n in found}
    if ndim == 3 and shape:
        columns |= _axes_of_volumes(found)
    if ndim == 3 and solidity:
        columns["solidity"] = _solidities(labels)
    return columns


def _place(found: Columns, spacing: tuple[float, ...], window: Window) -> Columns:
    """Centroids and boxes in pixels of the picture."""
    ndim = len(window)
    names = ("plane", "row", "col")[-ndim:]
    columns: Columns = {
        name: found[f"centroid-{i}"] / spacing[i] + window[i].start
        for i, name in enumerate(names)
    }
    for i, name in enumerate(_BOX[ndim]):
        columns[name] = found[f"bbox-{i}"].astype(np.int64) + window[i % ndim].start
    return columns


def _axes_of_volumes(found: Columns) -> Columns:
    """Length of the middle axis, and the direction of the longest, of length 1."""
    first, second, third = (found[f"inertia_tensor_eigvals-{i}"] for i in range(3))
    middle = np.sqrt(np.maximum(10 * (first - second + third), 0))
    tensors = [[found[f"inertia_tensor-{i}-{j}"] for j in range(3)] for i in range(3)]
    _, vectors = np.linalg.eigh(np.moveaxis(np.array(tensors), -1, 0))
    longest = vectors[..., 0]
    # A direction and its opposite are the same axis.
    largest = np.abs(longest).argmax(1)[:, None]
    longest = longest * np.sign(np.take_along_axis(longest, largest, 1))
    return {
        "axis_middle_length": middle,
        **{f"axis_major_{a}": longest[:, i] for i, a in enumerate("zyx")},
    }


def _solidities(labels: NDArray[np.int32]) -> NDArray[np.float64]:
    """Return the share of each object in the convex hull of its voxels.

    The hull is that of their corners, so that flat objects have one too.
    """
    found = []
    for number, place in enumerate(find_objects(labels), 1):
        mask = labels[place] == number
        hull = ConvexHull(_outermost_corners(mask))
        found.append(mask.sum() / hull.volume)
    return np.array(found, np.float64)


def _outermost_corners(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return corners of the first and the last voxel of each row of a volume."""
    planes, rows = np.nonzero(mask.any(2))
    inside = mask[planes, rows]
    first = inside.argmax(1)
    last = mask.shape[2] - inside[:, ::-1].argmax(1)
    corners = [
        np.stack([planes + z, rows + y, x], 1)
        for z, y, x in product((0, 1), (0, 1), (first, last))
    ]
    return np.unique(np.concatenate(corners), axis=0)
