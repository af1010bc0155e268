"""Prompts from points, lines and polygons of a GIS or of a microscopy program."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.io.feature_places import places_of
from napari_sam.io.features.geometry import simple_geometries
from napari_sam.io.features.object_numbers import object_numbers, whole_number

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonObject, JsonValue, UncheckedJson
    from napari_sam.io.features.feature_set import FeatureSet
    from napari_sam.io.readers.image import Image

#: The kind of prompt that an outline or a mask becomes.
Form = Literal["point", "box", "mask"]
#: Rounding of coordinates in files, in pixels: a box ignores so much of a pixel.
_CLOSE = 0.01
_FALSE = ("false", "0", "0.0", "f", "no", "n", "negative", "-")
_TRUE = ("true", "1", "1.0", "t", "yes", "y", "positive", "+", "", "none", "nan")
#: Properties that are about the prompt, and no attributes of the object.
_ABOUT = ("object", "frame", "positive")


class VectorPrompts(NamedTuple):
    """Prompts of a file, and what else it says.

    Attributes
    ----------
    prompts
        The prompts of each object.
    outside
        The number of its features outside the image.
    attributes
        Further columns or properties of the first feature of each object.
    notes
        What a person should know of how the file was read, a sentence each.
    """

    prompts: dict[Address, Prompts]
    outside: int = 0
    attributes: Mapping[Address, Mapping[str, JsonValue]] = MappingProxyType({})
    notes: tuple[str, ...] = ()


def prompts_of_features(
    path: Path,
    source: FeatureSet,
    image: Image,
    *,
    form: Form = "box",
    crs: str | None = None,
) -> VectorPrompts:
    """Return the prompts of the features of a file.

    The object is the property ``object`` or ``id`` of a feature, or the number of the
    feature; ``frame`` is 0 and ``positive`` true unless there are such properties.
    Features without a geometry, or with an empty one, are left out.

    Parameters
    ----------
    path
        The file, for messages.
    source
        Its features.
    image
        Image of the features. Without coordinates on earth, theirs are pixels,
        ``(0, 0)`` the corner of the image and ``y`` down.
    form
        A polygon becomes the box around it, a point inside it, or, as ``"mask"``, a
        polygon prompt.
    crs
        Reference system of the coordinates, instead of what the file says.

    Raises
    ------
    PromptError
        If a feature cannot be understood, or nothing in the file lies on the image.
    """
    places, features = places_of(path, source, image, crs), source.features
    numbers = object_numbers(_names(features))
    prompts: dict[Address, Prompts] = {}
    attributes: dict[Address, Mapping[str, JsonValue]] = {}
    outside = empty = 0
    for number, (feature, label) in enumerate(
        zip(features, numbers.numbers, strict=True), start=1
    ):
        at, positive = _address(path, feature, number, label, len(image.frames))
        parts = list(simple_geometries(path, feature.get("geometry"), number))
        if not parts:
            empty += 1
            continue
        given = prompts.get(at, Prompts())
        placed = [(kind, places.corners(xy)) for kind, xy in parts]
        extended = _extended(given, placed, image, form=form, positive=positive)
        if extended is given:
            outside += 1
            continue
        prompts[at] = extended
        attributes.setdefault(at, _attributes(feature))
    if not prompts:
        raise PromptError(places.nothing(len(features)))
    blank = f"{path}: left out, for they have no geometry: {empty} features."
    notes = (*places.notes(source), *numbers.notes)
    return VectorPrompts(
        prompts, outside, attributes, (*notes, blank) if empty else notes
    )


def _properties(feature: JsonObject) -> dict[str, UncheckedJson]:
    properties = feature.get("properties")
    return dict(properties) if isinstance(properties, dict) else {}


def _names(features: Sequence[JsonObject]) -> list[object]:
    """Return what features call their objects: ``object``, ``id``, or their member.

    The member ``id`` of GeoJSON may be any name of a feature: it is a number of an
    object only if it could be one in all of them.
    """
    found: list[object] = []
    for feature in features:
        names = {str(k).lower(): v for k, v in _properties(feature).items()}
        given = names.get("object")
        found.append(names.get("id") if given is None else given)
    members = [whole_number(feature.get("id")) for feature in features]
    if any(name is not None for name in found) or None in members:
        return found
    return list(members) if all(n and n > 0 for n in members) else found


def _attributes(feature: JsonObject) -> dict[str, JsonValue]:
    """Return the properties of a feature that are not about its prompt."""
    return {
        str(name): value
        for name, value in _properties(feature).items()
        if str(name).lower() not in _ABOUT
    }


def _address(
    path: Path, feature: JsonObject, number: int, label: int, frames: int
) -> tuple[Address, bool]:
    names = {str(k).lower(): v for k, v in _properties(feature).items()}
    given = names.get("frame")
    missing = given in (None, "") or given != given
    frame = 0 if missing else whole_number(given)
    if frame is None or not 0 <= frame < frames:
        raise PromptError(
            f"{path}: feature {number}: frame={given!r}, and the image has {frames}, "
            "counted from 0."
        )
    said = str(names.get("positive", "")).strip().lower()
    if said not in (*_TRUE, *_FALSE):
        raise PromptError(f"{path}: feature {number}: positive={said!r}: write 1 or 0.")
    return Address(frame, label), said in _TRUE


def _extended(
    prompts: Prompts,
    parts: Sequence[tuple[str, NDArray[np.float64]]],
    image: Image,
    *,
    form: Form,
    positive: bool,
) -> Prompts:
    """Add prompts of a feature; the parts of a polygon have one box."""
    if form == "box" and positive:
        polygons = [corners for kind, corners in parts if kind == "Polygon"]
        rest = [(kind, corners) for kind, corners in parts if kind != "Polygon"]
        one = [("Polygon", np.concatenate(polygons))] if polygons else []
        parts = [*one, *rest]
    for kind, corners in parts:
        prompts = _prompts_for(
            prompts, kind, corners, image, form=form, positive=positive
        )
    return prompts


def _prompts_for(
    prompts: Prompts,
    kind: str,
    corners: NDArray[np.float64],
    image: Image,
    *,
    form: Form,
    positive: bool,
) -> Prompts:
    """Add prompts of a geometry, as far as it lies on the image."""
    rows, cols = image.frames.plane_shape
    inside = ((corners >= 0) & (corners < (rows, cols))).all(1)
    if kind == "Polygon":
        return _polygon_prompts(prompts, corners, (rows, cols), form, positive=positive)
    if not inside.any():
        return prompts
    centres = corners[inside] - 0.5
    if kind == "LineString" and len(centres) > 1:
        return prompts.scribble(centres.tolist(), positive=positive)
    for row, col in np.clip(centres, 0, (rows - 1, cols - 1)).tolist():
        prompts = prompts.point(row, col, positive=positive)
    return prompts


def _polygon_prompts(
    prompts: Prompts,
    corners: NDArray[np.float64],
    shape: tuple[int, int],
    form: Form,
    *,
    positive: bool,
) -> Prompts:
    cut = np.clip(corners, 0, shape)
    top, left = np.floor(cut.min(0) + _CLOSE)
    bottom, right = np.ceil(cut.max(0) - _CLOSE)
    if bottom <= top or right <= left:
        return prompts
    if form == "mask" or not positive:
        last = (shape[0] - 1, shape[1] - 1)
        is_closed = (corners[0] == corners[-1]).all()
        vertices = np.clip(corners[: -1 if is_closed else None] - 0.5, 0, last)
        if len(vertices) < 3:
            return prompts
        return prompts.polygon(vertices.tolist(), positive=positive)
    if form == "box":
        return prompts.rectangle(top, left, bottom, right)
    row, col = _middle(cut, (int(top), int(left), int(bottom), int(right)))
    return prompts.point(row, col, positive=positive)


def _middle(
    corners: NDArray[np.float64], box: tuple[int, int, int, int]
) -> tuple[int, int]:
    from skimage.draw import polygon2mask

    from napari_sam.io.prompts_from_labels import middle

    top, left, bottom, right = box
    filled = polygon2mask((bottom - top, right - left), corners - (top, left) - 0.5)
    filled = filled if filled.any() else np.ones_like(filled)
    row, col = middle(filled)
    return top + row, left + col
