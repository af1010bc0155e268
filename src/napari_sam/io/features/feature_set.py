"""Features as they come from a file: properties, geometries and where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonObject

#: The reference system of coordinates that are pixels of the image.
PIXELS = "pixels"


class FeatureSet(NamedTuple):
    """Features of a file, in its order.

    Attributes
    ----------
    features
        As of GeoJSON: ``properties`` and ``geometry``.
    crs
        Reference system of the coordinates; `PIXELS`; or None where it is not said.
    notes
        What a person should know of how the file was read, a sentence each.
    """

    features: list[JsonObject]
    crs: str | None = None
    notes: tuple[str, ...] = ()
