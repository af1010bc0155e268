"""Styles of scenes: shares of outlines and lightings, and ranges of sizes."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["IRREGULAR", "MEMBRANES", "MIXTURE", "NUCLEI", "PHASE", "RODS", "Style"]


_OUTLINES: Mapping[str, float] = MappingProxyType(
    {"nucleus": 0.45, "amoeba": 0.2, "rod": 0.12, "roof": 0.13, "disc": 0.1}
)
_STYLES: Mapping[str, float] = MappingProxyType({
    "filled": 0.42,
    "outlined": 0.14,
    "both": 0.16,
    "textured": 0.08,
    "phase": 0.2,
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Style:
    """Shares and ranges from which a scene is drawn; by default, of all kinds.

    Attributes
    ----------
    outlines
        Share of each of `OUTLINES`.
    styles
        Share of each lighting, see `illuminate`.
    confluent
        Share of scenes where objects fill the plane.
    missing
        Share of those where some objects are left out.
    radius
        Least radius of objects in pixels, and the largest as a fraction of the plane.
    contrast
        Limits of the difference between objects and what is around them.
    signs
        1 for bright objects, -1 for dark ones.
    grey
        Share of scenes without colour.
    out_of_focus
        Share of scenes with further objects out of focus, which have no label.
    """

    outlines: Mapping[str, float] = field(default_factory=lambda: _OUTLINES)
    styles: Mapping[str, float] = field(default_factory=lambda: _STYLES)
    confluent: float = 0.2
    missing: float = 0.3
    radius: tuple[float, float] = (6, 0.28)
    contrast: tuple[float, float] = (0.08, 0.9)
    signs: tuple[int, ...] = (-1, 1)
    grey: float = 0.65
    out_of_focus: float = 0.0


MIXTURE = Style(out_of_focus=0.2)
NUCLEI = Style(
    outlines={"nucleus": 0.8, "disc": 0.2},
    styles={"filled": 1},
    confluent=0,
    radius=(6, 0.12),
    contrast=(0.3, 0.9),
    signs=(1,),
    grey=0.85,
)
MEMBRANES = Style(
    styles={"outlined": 1},
    confluent=1,
    missing=0,
    radius=(8, 0.14),
    contrast=(0.3, 0.9),
    grey=0.7,
)
RODS = Style(
    outlines={"rod": 1},
    styles={"filled": 0.6, "both": 0.4},
    confluent=0,
    radius=(7, 0.12),
    contrast=(0.3, 0.9),
    grey=0.8,
)
IRREGULAR = Style(
    outlines={"amoeba": 1},
    styles={"filled": 0.5, "both": 0.3, "textured": 0.2},
    confluent=0,
    radius=(8, 0.2),
    contrast=(0.3, 0.9),
    grey=0.8,
)
PHASE = Style(
    outlines={"nucleus": 0.4, "amoeba": 0.4, "rod": 0.2},
    styles={"haloed": 1},
    confluent=0,
    radius=(8, 0.14),
    contrast=(0.2, 0.6),
    signs=(-1,),
    grey=1,
)
