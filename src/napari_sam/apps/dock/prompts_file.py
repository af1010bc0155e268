"""Files of prompts as layers of points and shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock import layer_style
from napari_sam.apps.dock.layer_rows import (
    features_of,
    point_positions,
    rows_of,
    shape_corners,
)
from napari_sam.apps.dock.layer_source import LayerSource
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.core.errors import NapariSamError, PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

    from napari_sam.apps.dock.layer_rows import Row
    from napari_sam.apps.dock.samples import LayerData
    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io.vector_prompts import Form

#: Polygons of a GIS are shown as they are, not as boxes around them.
_FORM: Form = "mask"


class _NoImage:
    """Where prompts lie when there is no image: frame, row and column as they are."""

    def __init__(self, prompts: Mapping[Address, Prompts]) -> None:
        self.ndim = 3 if any(at.frame for at in prompts) else 2

    def to_data(self, frame: int, plane: ArrayLike) -> NDArray[np.float64]:
        """Return positions ``(n, 2)`` of a plane, with the frame before them."""
        positions = np.reshape(np.asarray(plane, float), (-1, 2))
        return np.insert(positions, 0, frame, axis=1)[:, 3 - self.ndim :]

    def keywords(self) -> dict[str, Any]:
        """Return no keywords: prompts of a file lie on no image layer."""
        return {"ndim": self.ndim}


def read_prompt_layers(path: Path, viewer: Any = None) -> list[LayerData]:
    """Return a layer of points and one of shapes, as far as there are any.

    Parameters
    ----------
    path
        ``.csv`` or ``.json`` of our schema, or features in ``.geojson`` or ``.gpkg``.
    viewer
        Where they are shown; by default the one in front. They are put on the image
        that is selected there, or else on the first.

    Raises
    ------
    PromptError
        If the file cannot be understood, nothing in it can be drawn, or it needs an
        image and there is none.
    """
    from napari_sam.io import read_prompts_on
    from napari_sam.io.prompt_files import FEATURE_SUFFIXES

    geometry: Any = _beneath(viewer)
    image = None if geometry is None else LayerSource(geometry).describe()
    if image is None and path.suffix.lower() in FEATURE_SUFFIXES:
        raise PromptError(
            f"{path.name}: open the image first that these places are on."
        )
    prompts = read_prompts_on(path, image, form=_FORM).prompts
    if geometry is not None:
        _check_frames(path, prompts, len(geometry.frames))
    place = _NoImage(prompts) if geometry is None else geometry
    points, shapes = (rows_of(prompts, points=kind) for kind in (True, False))
    if not points and not shapes:
        raise PromptError(f"{path.name}: there is nothing in it that could be drawn.")
    found = []
    if shapes:
        found.append(_shapes(shapes, place, path.stem))
    if points:
        found.append(_points(points, place, path.stem))
    return found


def _check_frames(path: Path, prompts: Mapping[Address, Prompts], count: int) -> None:
    last = max((at.frame for at in prompts), default=0)
    if last >= count:
        raise PromptError(
            f"{path.name} is about frame {last}, counted from 0, and the image that is "
            f"open has {count}. Select the image that it belongs to, and open it again."
        )


def _beneath(viewer: Any) -> PlaneGeometry | None:
    """Return how the image lies that prompts are put on; None if there is none."""
    import napari
    from napari.layers import Image

    viewer = viewer or napari.current_viewer()
    if viewer is None:
        return None
    chosen = [layer for layer in viewer.layers.selection if isinstance(layer, Image)]
    for layer in [*chosen, *viewer.layers]:
        try:
            if isinstance(layer, Image):
                return PlaneGeometry.of(layer)
        except NapariSamError:
            continue
    return None


def _points(rows: Sequence[Row], place: Any, name: str) -> LayerData:
    table = features_of(rows)
    keywords = {
        "name": f"{name} points",
        "features": table,
        "face_color": _colours(table),
        "symbol": np.where(table["positive"], "disc", "cross"),
        "size": layer_style.POINT_SIZE,
        "border_color": "white",
        **place.keywords(),
    }
    return point_positions(rows, place), keywords, "points"


def _shapes(rows: Sequence[Row], place: Any, name: str) -> LayerData:
    table = features_of(rows)
    drawn = shape_corners(rows, place)
    keywords = {
        "name": f"{name} shapes",
        "features": table,
        "shape_type": [kind for _, kind in drawn],
        "edge_color": _colours(table),
        "face_color": "transparent",
        **place.keywords(),
    }
    return [corners for corners, _ in drawn], keywords, "shapes"


def _colours(table: Mapping[str, NDArray[Any]]) -> list[str]:
    return [
        layer_style.POSITIVE if yes else layer_style.NEGATIVE
        for yes in table["positive"]
    ]
