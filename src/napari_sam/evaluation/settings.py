"""Settings of an evaluation."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """Settings of the objects that are evaluated, and of the pictures of a report."""

    objects: int = setting(
        12, label="Objects", tip="At most this many of each image.", minimum=1
    )
    seed: int = setting(0, label="Seed", tip="Chooses the objects.", minimum=0)
    worst: int = setting(
        4,
        label="Worst cases",
        tip="Pictures of the worst cases, for each kind of image and prompt.",
        minimum=0,
    )

    def __post_init__(self) -> None:
        check(self)
