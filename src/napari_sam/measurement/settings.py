"""Settings of measuring."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class MeasureSettings:
    """Settings of measuring: what is measured of objects, besides place and size."""

    by_plane: bool = setting(
        False,
        label="Plane by plane",
        tip="Measure areas in each plane of a z-stack, instead of volumes.",
    )
    shape: bool = setting(
        True,
        label="Shape",
        tip="Perimeter or surface, axes, orientation and eccentricity.",
    )
    solidity: bool = setting(
        True, label="Solidity", tip="Share of the convex hull; nearly half of the time."
    )
    neighbours: bool = setting(
        True,
        label="Neighbours",
        tip="How many objects touch an object, and how far the nearest is.",
    )
    intensity: bool = setting(
        True, label="Intensity", tip="Statistics of the image, for each channel."
    )

    def __post_init__(self) -> None:
        check(self)
