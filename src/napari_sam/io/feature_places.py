"""Where features of a file lie on an image, by what both say of their coordinates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.io.features.feature_set import PIXELS
from napari_sam.io.features.geometry import simple_geometries
from napari_sam.io.geo_transform import LON_LAT, reprojected, to_corners

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.core.json_values import JsonObject
    from napari_sam.io.features.feature_set import FeatureSet
    from napari_sam.io.geo_transform import Transform
    from napari_sam.io.readers.image import Image


class FeaturePlaces(NamedTuple):
    """How coordinates of a file become corners of pixels.

    Attributes
    ----------
    path
        The file, for messages.
    image
        The image that they lie on.
    crs
        Reference system of the coordinates, `PIXELS`, or None where nobody says it.
    by_transform
        Whether an image that does not say its reference system has a transform, and
        the coordinates are of that.
    """

    path: Path
    image: Image
    crs: str | None
    by_transform: bool = False

    def corners(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return corners ``(row, col)`` of points ``(x, y)``.

        Raises
        ------
        PromptError
            If they are in a reference system that does not lead to the image's.
        """
        if self.crs == PIXELS:
            return to_corners(points, None)
        if self.image.crs is None:
            return self._without_system(points)
        return self._reprojected(points, self.image.crs)

    def _without_system(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.by_transform:
            return to_corners(points, self.image.transform)
        if self.crs not in (None, LON_LAT):
            raise PromptError(
                f"{self.path} has coordinates in {str(self.crs)[:60]}, but the image "
                "has none: is it a GeoTIFF, and is rasterio installed?"
            )
        return to_corners(points, None)

    def _reprojected(
        self, points: NDArray[np.float64], system: str
    ) -> NDArray[np.float64]:
        if self.crs == LON_LAT and (np.abs(points) > (360, 90)).any():
            raise PromptError(
                f"{self.path} has coordinates such as {points[0].tolist()}, which are "
                "no longitude and latitude. Give their reference system: "
                "--crs EPSG:..., crs=..."
            )
        try:
            points = reprojected(points, self.crs or system, system)
        except ImageError as wrong:
            raise PromptError(f"{self.path}: {wrong}") from None
        return to_corners(points, self.image.transform)

    def notes(self, source: FeatureSet) -> tuple[str, ...]:
        """Return warnings about the coordinates of the file, for a person."""
        if self.image.crs is None and self.image.transform and self.crs != PIXELS:
            taken = "those of its transform" if self.by_transform else "pixels"
            return (
                *source.notes,
                f"{self.path}: the image does not say its reference system; "
                f"coordinates are taken for {taken}.",
            )
        if self.crs is not None or not self.image.crs:
            return tuple(n for n in source.notes if "reference system" not in n)
        return (
            *source.notes,
            f"{self.path}: its coordinates are taken for the image's.",
        )

    def nothing(self, count: int) -> str:
        """Return the message for a file of which nothing lies on the image."""
        if not count:
            return f"{self.path} holds no features."
        there = "it has no coordinates on earth, so the file's are taken for pixels"
        if self.image.crs:
            other = self.crs or "the same"
            there = f"its reference system is {self.image.crs[:60]}, and the file's "
            there += other
        elif self.by_transform:
            there = "the file's coordinates are taken for those of its transform"
        return f"{self.path}: none of its {count} features lies on the image; {there}."


def places_of(
    path: Path, source: FeatureSet, image: Image, crs: str | None
) -> FeaturePlaces:
    """Return how the features of a file lie on an image.

    An image may have a transform and not say its reference system, as with a world
    file. Coordinates of a named system are then of the transform; others are where
    something of them lies on the image.

    Parameters
    ----------
    path
        The file, for messages.
    source
        Its features.
    image
        The image.
    crs
        Reference system that a person gives, which wins.
    """
    crs = PIXELS if source.crs == PIXELS else crs or source.crs
    if crs == PIXELS or image.crs or image.transform is None:
        return FeaturePlaces(path, image, crs)
    named = crs not in (None, LON_LAT)
    by_transform = (
        named
        or lies_on(path, source.features, image, image.transform)
        or not lies_on(path, source.features, image, None)
    )
    return FeaturePlaces(path, image, crs, by_transform)


def lies_on(
    path: Path,
    features: Sequence[JsonObject],
    image: Image,
    transform: Transform | None,
) -> bool:
    """Whether anything lies on the image, by a transform or in pixels."""
    shape = image.frames.plane_shape
    for number, feature in enumerate(features, start=1):
        for _, points in simple_geometries(path, feature.get("geometry"), number):
            corners = to_corners(points, transform)
            if (corners.max(0) >= 0).all() and (corners.min(0) < shape).all():
                return True
    return False
