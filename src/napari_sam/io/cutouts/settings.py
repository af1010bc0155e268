"""Settings of cut-outs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_sam.core.settings import check, setting

__all__ = ["CutoutSettings"]


@dataclass(frozen=True, slots=True)
class CutoutSettings:
    """Settings of cut-outs: how much is around an object, and what is behind it."""

    margin: int = setting(
        4, label="Margin", tip="Pixels around the object.", unit="px", minimum=0
    )
    feather: float = setting(
        0.0,
        label="Feather",
        tip="Width of the soft rim between object and background.",
        unit="px",
        minimum=0.0,
        maximum=200.0,
    )
    background: Literal["none", "white", "black", "blurred"] = setting(
        "none", label="Background", tip="What is behind the object: none is clear."
    )
    sort: Literal["size", "class", "number"] = setting(
        "size", label="Order", tip="Order of the objects on a sheet."
    )
    rate: float = setting(
        10.0, label="Rate", tip="Frames of a video in a second.", minimum=0.1
    )
    follow: bool = setting(
        False,
        label="Follow",
        tip="Keep the object in the middle of the video, instead of a fixed window.",
    )

    def __post_init__(self) -> None:
        check(self)
