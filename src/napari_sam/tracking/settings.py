"""Settings of propagation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class PropagateSettings:
    """Settings of propagation: how objects are propagated from frame to frame."""

    motion: Literal["auto", "features", "optical"] = setting(
        "auto",
        label="Motion",
        tip="What motion is found by: features of the model, or grey pictures.",
    )
    trust: float | None = setting(
        None,
        label="Trust in motion",
        tip="Log-odds of the moved mask of the last frame; 0 goes by the model alone.",
        minimum=0.0,
        maximum=12.0,
        step=0.5,
        automatic="as the model restores the seeds",
    )
    flag_below: float = setting(
        0.5,
        label="Flag below",
        tip="Frames of a lower confidence are flagged for review; none is dropped.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    memories: int = setting(
        15,
        label="Memories",
        tip="Latest frames that a video model recalls at most; some recall fewer.",
        unit="frames",
        minimum=1,
        maximum=64,
    )

    def __post_init__(self) -> None:
        check(self)
