"""Settings of the model of a job, and of the masks it makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path  # noqa: TC003

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model is opened, and where it computes."""

    name: str | None = setting(
        None,
        label="Model",
        tip="Which model; see napari-sam models list.",
        automatic="pocket, or what the checkpoint holds",
    )
    checkpoint: Path | None = setting(
        None, label="Checkpoint", tip="Weights of the model."
    )
    device: str = setting("auto", label="Device", tip="cpu, cuda, mps.")
    precision: str = setting("auto", label="Precision", tip="float32 or bfloat16.")


@dataclass(frozen=True, slots=True)
class SegmentSettings:
    """How masks are made of what the model predicts."""

    threshold: float = setting(
        0.0,
        label="Threshold",
        tip="Higher gives smaller masks, lower larger ones.",
        step=0.5,
    )
    connected: bool = setting(
        True,
        label="Connected parts only",
        tip="Keep of a mask for clicks only the parts that they hit; off, masks are "
        "those of SAM's own predictor.",
    )

    def __post_init__(self) -> None:
        check(self)
