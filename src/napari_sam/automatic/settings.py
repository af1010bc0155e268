"""Settings of automatic masks: how objects are found, and which of them stay."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class EverythingSettings:
    """Settings of how all objects are found; a change runs the model again."""

    method: Literal["auto", "instances", "grid"] = setting(
        "auto",
        label="Method",
        tip="auto: instances where the model finds them, else a grid of points. "
        "instances: by the model's instance head. grid: as the paper's generator.",
    )
    refine: bool = setting(
        False,
        label="Refine",
        tip="Give the box of each instance to the mask decoder, and keep the better "
        "mask of both; some times slower.",
    )
    points: int = setting(
        32,
        label="Points per side",
        tip="Of the grid; method grid only.",
        minimum=1,
        maximum=256,
    )
    crop_layers: int = setting(
        0,
        label="Crop layers",
        tip="Also look at 4, 16 ... enlarged crops; method grid only.",
        minimum=0,
        maximum=4,
    )
    points_downscale: int = setting(
        1,
        label="Points divided by",
        tip="Points per side of each further layer of crops are so many times fewer.",
        minimum=1,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class InstanceSettings:
    """Settings of how instances are cut out of a model's maps, without the model."""

    foreground: float = setting(
        0.5,
        label="Foreground",
        tip="Pixels above this belong to objects: lower gives larger ones, and more.",
        minimum=0.02,
        maximum=0.98,
        step=0.05,
    )
    split: float = setting(
        0.15,
        label="Split",
        tip="How deep the dip between two objects must be: lower splits more.",
        minimum=0.01,
        maximum=0.9,
        step=0.02,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class FilterSettings:
    """Settings of which masks stay; they are applied last, and at once."""

    score: float = setting(
        0.3,
        label="Score",
        tip="Masks of a lower score are dropped.",
        minimum=0,
        maximum=1,
        step=0.02,
    )
    stability: float = setting(
        0.9,
        label="Stability",
        tip="Masks that change more with the threshold are dropped; method grid only.",
        minimum=0,
        maximum=1,
        step=0.02,
    )
    smallest: float = setting(
        10,
        label="Smallest",
        tip="Objects of a smaller area are dropped.",
        unit="px²",
        minimum=0,
        step=1,
    )
    largest: float | None = setting(
        None,
        label="Largest",
        tip="Objects of a larger area are dropped.",
        unit="px²",
        minimum=0,
        step=1,
        automatic="no limit",
    )
    size_unit: str | None = setting(
        None,
        label="Unit of sizes",
        tip="Unit of smallest and largest, such as um2 or m2: the size of a pixel is "
        "that of the image.",
        automatic="pixels",
    )
    overlap: float = setting(
        0.7,
        label="Overlap",
        tip="Of two masks whose boxes have a larger IoU, the worse is dropped.",
        minimum=0,
        maximum=1,
        step=0.05,
    )
    nested: float | None = setting(
        None,
        label="Nested",
        tip="Of two masks, if more than this share of the smaller lies in the other, "
        "the worse is dropped; 1 keeps both. By default 0.6 for method auto, and 1 for "
        "a grid that is asked for, as in the paper's generator.",
        minimum=0,
        maximum=1,
        step=0.05,
        automatic="by method",
    )
    small_regions: int = setting(
        0,
        label="Small regions",
        tip="Holes and islands of a mask that are smaller are filled and dropped.",
        unit="px²",
        minimum=0,
    )
    exclude_border: bool = setting(
        False,
        label="Exclude border objects",
        tip="Objects at the edge of the image are dropped.",
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class SimilarSettings:
    """Settings of what is similar to examples; they are applied last, and at once."""

    similarity: float = setting(
        0.5,
        label="Similarity",
        tip="Objects that are less similar to the examples are dropped.",
        minimum=0,
        maximum=1,
        step=0.02,
    )
    by_size: float = setting(
        1.0,
        label="By size",
        tip="How much the area counts, relative to light and features.",
        minimum=0,
        maximum=1,
        step=0.1,
    )
    by_light: float = setting(
        1.0,
        label="By light",
        tip="How much brightness, colour and contrast count.",
        minimum=0,
        maximum=1,
        step=0.1,
    )
    by_features: float = setting(
        1.0,
        label="By features",
        tip="How much the model's features count, where it has any.",
        minimum=0,
        maximum=1,
        step=0.1,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class TextSettings:
    """Settings of what words found; they are applied last, and at once."""

    threshold: float = setting(
        0.2,
        label="Threshold",
        tip="What a model of words is less sure of is dropped.",
        minimum=0,
        maximum=1,
        step=0.02,
    )
    overlap: float = setting(
        0.6,
        label="Overlap",
        tip="Of two finds with a larger IoU, the one of the lower score is dropped.",
        minimum=0,
        maximum=1,
        step=0.05,
    )

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True, slots=True)
class AutomaticSettings:
    """All settings of automatic masks.

    Attributes
    ----------
    find
        How objects are found.
    instances
        How instances are cut out.
    filters
        Which masks stay.
    """

    find: EverythingSettings = field(default_factory=EverythingSettings)
    instances: InstanceSettings = field(default_factory=InstanceSettings)
    filters: FilterSettings = field(default_factory=FilterSettings)
