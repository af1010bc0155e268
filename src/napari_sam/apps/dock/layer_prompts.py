"""A layer that the user has as prompts: one object for each of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np

from napari_sam.apps.dock.from_layers import prompt_from_shape
from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError, SessionError
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.prompts_in_tiles import check_inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Layer
    from numpy.typing import NDArray

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.prompts.items import Prompt

#: What labels are turned into.
Form: TypeAlias = Literal["auto", "box", "points", "mask"]

#: Columns that are taken for groups if none is named.
_GROUPS = ("group", "object")
#: Columns, and values in them, that mark what does not belong to an object.
_SIGNS = ("positive", "label", "sign")
_NEGATIVE = ("negative", "false", "0", "-1", "no", "background")


def prompts_of_layer(
    layer: Layer,
    geometry: PlaneGeometry,
    first: int,
    *,
    frame: int,
    groups: str | None = None,
    form: Form = "auto",
) -> dict[Address, Prompts]:
    """Return the prompts of each object that a layer shows.

    Parameters
    ----------
    layer
        Points, shapes or labels. Positions go through the world to the planes.
    geometry
        How the image lies.
    first
        Number of the first object.
    frame
        The plane of what has fewer dimensions than the image.
    groups
        Column of the features by which rows are one object. By default, ``group`` or
        ``object`` if there is such a column; else, each row is one.
    form
        What labels are turned into.

    Raises
    ------
    SessionError
        If there is nothing in the layer that says where an object is.
    ImageError
        If it is of another kind.
    """
    kind = type(layer).__name__
    if kind == "Labels":
        from napari_sam.apps.dock.label_prompts import prompts_of_label_layer

        found = prompts_of_label_layer(layer, geometry, frame, form)
    elif kind in ("Points", "Shapes"):
        found = _grouped(layer, _rows(layer, geometry, frame), groups)
    else:
        raise ImageError(
            f"{layer.name!r} is of the kind {kind}: points, shapes or labels are "
            "needed, to make objects of them."
        )
    usable = [(plane, prompts) for plane, prompts in found if prompts]
    if not usable:
        raise SessionError(
            f"{layer.name!r} has nothing in this image that says where an object is."
        )
    return {
        Address(plane, first + i): prompts for i, (plane, prompts) in enumerate(usable)
    }


#: The frame of a prompt, the prompt, and the row of the layer that it comes from.
_Row: TypeAlias = "tuple[int, Prompt, int]"


def _rows(layer: Layer, geometry: PlaneGeometry, frame: int) -> list[_Row]:
    """Return the prompt of each row of a layer, as far as it lies in the image."""
    positive = _signs(layer)
    found: list[_Row] = []
    for i, corners in enumerate(layer.data):
        data = _in_image(layer, np.atleast_2d(corners), geometry, frame)
        frames = {geometry.frame_of(position) for position in data}
        plane = frames.pop()
        if plane is None or frames:
            continue
        path = data[:, list(geometry.plane_axes)]
        kind = "point" if type(layer).__name__ == "Points" else layer.shape_type[i]
        try:
            prompt = prompt_from_shape(path, kind, bool(positive[i]))
            check_inside(Prompts((prompt,)), geometry.frames.plane_shape)
        except PromptError:
            continue
        found.append((plane, prompt, i))
    return found


def _in_image(
    layer: Layer, data: NDArray[Any], geometry: PlaneGeometry, frame: int
) -> NDArray[np.float64]:
    """Take positions of a layer to those of our layers, in the plane where it lies."""
    world = np.array([layer.data_to_world(position) for position in data], float)
    found = geometry.of_world(world)
    missing = geometry.ndim - layer.ndim
    if missing > 0:
        here = geometry.to_data(frame, geometry.middle)[0]
        others = [i for i in range(missing) if i not in geometry.plane_axes]
        found[:, others] = here[others]
    return found


def _signs(layer: Layer) -> NDArray[np.bool_]:
    """Whether each row belongs to an object, as far as the layer says."""
    for name in _SIGNS:
        if name in layer.features:
            values = layer.features[name].astype(str).str.lower()
            return np.asarray(~values.isin(_NEGATIVE), bool)
    return np.ones(len(layer.data), bool)


def _grouped(
    layer: Layer, rows: Sequence[_Row], groups: str | None
) -> list[tuple[int, Prompts]]:
    """Put what is about one object together; negative points are shared."""
    names = _GROUPS if groups is None else (groups,)
    column = next((name for name in names if name in layer.features), None)
    if groups is not None and column is None:
        raise SessionError(
            f"{layer.name!r} has no column {groups!r} in its features; there are: "
            f"{', '.join(map(str, layer.features)) or 'none'}."
        )
    negative = [row for row in rows if not getattr(row[1], "positive", True)]
    by_object: dict[tuple[int, int | str], list[_Row]] = {}
    for row in rows:
        plane, _, i = row
        key = i if column is None else str(layer.features[column].iloc[i])
        if column is not None or row not in negative:
            by_object.setdefault((plane, key), []).append(row)
    found = []
    for (plane, _), mine in by_object.items():
        shared = [] if column is not None else [r for r in negative if r[0] == plane]
        found.append((plane, Prompts(tuple(r[1] for r in (*mine, *shared)))))
    return found
