"""A layer of labels that the user has, as prompts: one object for each label."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.images.frames import Frames
from napari_sam.io.prompts_from_labels import prompts_of_labels

if TYPE_CHECKING:
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_sam.apps.dock.layer_prompts import Form
    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.prompts import Prompts

#: Rows of a plane that are looked up at once.
_ROWS = 256
_FORMS = {"auto": "mask", "mask": "mask", "box": "box", "points": "point"}


def prompts_of_label_layer(
    layer: Labels, geometry: PlaneGeometry, frame: int, form: Form
) -> list[tuple[int, Prompts]]:
    """Return the prompts of each label in each plane.

    Parameters
    ----------
    layer
        Labels, wherever they lie in the world: each pixel of the image takes the
        label under its middle.
    geometry
        How the image lies.
    frame
        The plane of labels that have fewer dimensions than the image.
    form
        The mask itself, a box around it, or a point in its middle.
    """
    is_plane = layer.ndim < geometry.ndim
    frames = [frame] if is_plane else range(len(geometry.frames))
    found: list[tuple[int, Prompts]] = []
    for plane in frames:
        labels = Frames(_plane_of(layer, geometry, plane), "yx")
        try:
            prompts_by_label = prompts_of_labels(labels, form=_FORMS[form])  # type: ignore[arg-type]
        except PromptError:
            continue  # a plane without any
        found += [(plane, prompts) for _, prompts in sorted(prompts_by_label.items())]
    return found


def _plane_of(layer: Labels, geometry: PlaneGeometry, frame: int) -> NDArray[Any]:
    """Return the labels under the pixels of a plane."""
    data = layer.data[0] if layer.multiscale else layer.data
    rows, cols = geometry.frames.plane_shape
    origin, down, across = _steps(layer, geometry, frame)
    found = np.zeros((rows, cols), np.dtype(data.dtype))
    for top in range(0, rows, _ROWS):
        r, c = np.mgrid[top : min(top + _ROWS, rows), 0:cols]
        at = origin + r[..., None] * down + c[..., None] * across
        places = np.floor(at + 0.5).astype(int).reshape(-1, layer.ndim)
        inside = ((places >= 0) & (places < data.shape)).all(1)
        if inside.any():
            first, last = places[inside].min(0), places[inside].max(0) + 1
            window = tuple(slice(a, b) for a, b in zip(first, last, strict=True))
            near = np.asarray(data[window])
            part = np.zeros(len(places), found.dtype)
            part[inside] = near[tuple((places[inside] - first).T)]
            found[top : top + _ROWS] = part.reshape(r.shape)
    return found


def _steps(
    layer: Labels, geometry: PlaneGeometry, frame: int
) -> tuple[NDArray[np.float64], ...]:
    """Where the first pixel of a plane is in the layer, and the next ones."""
    world = geometry.to_world(frame, ((0, 0), (1, 0), (0, 1)))
    at = np.array([layer.world_to_data(position) for position in world], float)
    at = np.round(at, 9)  # transforms there and back lose a little
    return at[0], at[1] - at[0], at[2] - at[0]
