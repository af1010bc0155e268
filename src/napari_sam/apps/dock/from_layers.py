"""Rows of layers, as a person drew them, read as prompts. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.apps.dock.layer_rows import COLUMNS, Row
from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import Box, Point, Polygon, Scribble
from napari_sam.core.prompts.prompts_in_tiles import check_inside

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from numpy.typing import NDArray

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.prompts.items import Prompt

#: Decimals of a pixel that are kept. What transforms add or lose is far less.
_DECIMALS = 3
#: Corners that an ellipse is drawn with.
_CORNERS = 64
#: Order of a row that has none.
_LAST = 10**9


@dataclass(slots=True)
class LayerRows:
    """Prompts that were read from a layer.

    Attributes
    ----------
    by_index
        The prompt of each row, or None where it cannot be understood.
    refused
        Why not, in words for the person who drew it.
    """

    by_index: list[Row | None] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    @property
    def rows(self) -> list[Row]:
        """The rows that can be understood."""
        return [row for row in self.by_index if row is not None]


def read_rows(
    shapes: Iterable[NDArray[Any]],
    kinds: Iterable[str],
    table: pd.DataFrame,
    geometry: PlaneGeometry,
) -> LayerRows:
    """Read rows of a layer as prompts.

    A rectangle along rows and columns is a box; a turned one, an ellipse and a polygon
    are outlines; a line and a path are scribbles.

    Parameters
    ----------
    shapes
        Positions ``(n, ndim)`` of each row, in data coordinates of our layers; of a
        point, one.
    kinds
        ``"point"``, or what napari calls the type of a shape.
    table
        The features of the rows.
    geometry
        How the image lies.
    """
    found = LayerRows()
    for corners, kind, features in zip(shapes, kinds, _columns(table), strict=True):
        try:
            found.by_index.append(_read_row(corners, kind, features, geometry))
        except PromptError as error:
            found.by_index.append(None)
            found.refused.append(str(error))
    return found


def _read_row(
    corners: NDArray[Any],
    kind: str,
    features: tuple[int, bool, int],
    geometry: PlaneGeometry,
) -> Row:
    what = "point" if kind == "point" else "shape"
    frame, *others = {geometry.frame_of(corner) for corner in corners}
    if others:
        raise PromptError(f"The {what} goes through several frames: draw it in one.")
    if frame is None:
        raise PromptError(f"The {what} is outside the image.")
    object_id, positive, order = features
    path = corners[:, list(geometry.plane_axes)]
    prompt = prompt_from_shape(path, kind, positive)
    check_inside(Prompts((prompt,)), geometry.frames.plane_shape)
    return Row(Address(frame, object_id), order, prompt)


def _columns(table: pd.DataFrame) -> Iterable[tuple[int, bool, int]]:
    """Object, positive and order of each row; what is missing comes last."""
    for object_id, positive, order in zip(
        *(table[name] for name in COLUMNS), strict=True
    ):
        known = order == order  # a row that was pasted may have no number
        yield int(object_id), bool(positive), int(order) if known else _LAST


def prompt_from_shape(corners: NDArray[Any], kind: str, positive: bool) -> Prompt:
    """Return the prompt that a point or a shape is.

    Parameters
    ----------
    corners
        Positions ``(n, 2)`` in a plane; pixel centres are on integers.
    kind
        ``"point"``, or what napari calls the type of a shape.
    positive
        Whether it belongs to the object.

    Raises
    ------
    PromptError
        If it is none, as a rectangle without an area.
    """
    corners = _rounded(corners)
    if kind == "point":
        row, col = corners[0].tolist()
        return Point(row, col, positive)
    if kind == "rectangle" and _is_straight(corners):
        (top, left), (bottom, right) = corners.min(0).tolist(), corners.max(0).tolist()
        # What is drawn are edges; a box names pixels, of which the last is outside.
        return Box(top + 0.5, left + 0.5, bottom + 0.5, right + 0.5)
    if kind == "ellipse":
        corners = _ellipse(corners)
    path = tuple((float(row), float(col)) for row, col in corners)
    if kind in ("line", "path"):
        return Scribble(path, positive)
    return Polygon(path, positive)


def _is_straight(corners: NDArray[np.float64]) -> bool:
    """Whether the sides of a rectangle run along rows and columns."""
    around = np.array([corners.min(0), corners.max(0)])
    away = np.abs(corners[:, None] - around[None]).min(1)
    return bool((away <= 2 * 10.0**-_DECIMALS).all())


def _ellipse(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return corners of an ellipse from those of the rectangle around it."""
    center = corners.mean(0)
    down, across = (corners[3] - corners[0]) / 2, (corners[1] - corners[0]) / 2
    angle = np.linspace(0, 2 * np.pi, _CORNERS, endpoint=False)[:, None]
    return _rounded(center + np.sin(angle) * down + np.cos(angle) * across)


def _rounded(positions: NDArray[Any]) -> NDArray[np.float64]:
    # Adding zero makes -0.0 a plain one.
    return np.round(np.asarray(positions, float), _DECIMALS) + 0.0
