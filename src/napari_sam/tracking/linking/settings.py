"""Settings of linking."""

from __future__ import annotations

from dataclasses import dataclass

from napari_sam.core.settings import check, setting


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """Settings of linking; distances are in median diameters of the objects."""

    max_distance: float = setting(
        2.0,
        label="Distance",
        tip="How far an object moves between two frames, at most, besides the drift.",
        unit="diameters",
        minimum=0.0,
        maximum=20.0,
        step=0.25,
    )
    max_gap: int = setting(
        2,
        label="Gap",
        tip="For how many frames an object may be missing and go on as the same.",
        unit="frames",
        minimum=0,
        maximum=100,
    )
    divisions: bool = setting(True, label="Divisions", tip="Let objects divide.")
    merges: bool = setting(
        False,
        label="Merges",
        tip="Let objects merge: for drops and bubbles, not cells.",
    )
    daughter_area: float = setting(
        0.15,
        label="Daughter",
        tip="Least area of a daughter, as a share of the area of her mother.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    sister_area: float = setting(
        0.4,
        label="Sisters",
        tip="Least area of the smaller daughter, as a share of that of her sister.",
        minimum=0.0,
        maximum=1.0,
        step=0.05,
    )
    drift: bool = setting(
        True, label="Drift", tip="Take off what all objects move by, before linking."
    )
    z_step: float = setting(
        1.0,
        label="Step in z",
        tip="Distance of two planes, where objects are volumes.",
        unit="px",
        minimum=0.01,
        maximum=100.0,
        step=0.5,
    )

    def __post_init__(self) -> None:
        check(self)
