"""All kinds of synthetic scenes, and the mixture that `pocket` is trained on."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import TrainingError
from napari_sam.synthetic.cell_walls import draw_cell_walls
from napari_sam.synthetic.colonies import draw_colonies
from napari_sam.synthetic.fields import draw_fields
from napari_sam.synthetic.neurites import draw_neurites
from napari_sam.synthetic.roofs import draw_roofs
from napari_sam.synthetic.smears import draw_smear
from napari_sam.synthetic.style import (
    IRREGULAR,
    MEMBRANES,
    MIXTURE,
    NUCLEI,
    PHASE,
    RODS,
)
from napari_sam.synthetic.styled_scenes import (
    draw_objects,
    draw_radius,
    draw_styled,
)
from napari_sam.synthetic.tissue import draw_tissue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.synthetic.scene import Scene

__all__ = ["KINDS", "draw_scene"]

_DRAW: Mapping[str, Callable[[np.random.Generator, int], Scene]] = MappingProxyType({
    "nuclei": lambda rng, size: draw_styled(rng, size, NUCLEI),
    "membranes": lambda rng, size: draw_styled(rng, size, MEMBRANES),
    "rods": lambda rng, size: draw_styled(rng, size, RODS),
    "irregular": lambda rng, size: draw_styled(rng, size, IRREGULAR),
    "tissue": draw_tissue,
    "phase": lambda rng, size: draw_styled(rng, size, PHASE),
    "roofs": draw_roofs,
    "fields": draw_fields,
    "neurites": draw_neurites,
    "cell walls": draw_cell_walls,
    "smears": draw_smear,
    "colonies": draw_colonies,
})  # fmt: skip

#: Names of the kinds of scenes.
KINDS = tuple(_DRAW)

#: Shares of the mixture of kinds that no style can draw.
_SHARES: Mapping[str, float] = MappingProxyType({
    "neurites": 0.04,
    "fields": 0.02,
    "tissue": 0.02,
    "phase": 0.02,
    "cell walls": 0.1,
    "smears": 0.05,
    "colonies": 0.05,
})  # fmt: skip

#: Smallest side of a scene: in smaller ones, objects may not fit.
_LEAST = 32


def draw_scene(
    seed: int | np.random.Generator, *, size: int = 256, kind: str | None = None
) -> Scene:
    """Draw a synthetic scene: an image and its labels.

    Parameters
    ----------
    seed
        A number, or a random generator.
    size
        Rows and columns, at least 32.
    kind
        One of `KINDS`; by default the mixture that `pocket` is trained on.

    Returns
    -------
    Scene
        The same for the same seed, size and kind. It has at least one object.

    Raises
    ------
    TrainingError
        If the kind is not known, or the size is too small for objects.
    """
    if kind is not None and kind not in _DRAW:
        known = ", ".join(KINDS)
        raise TrainingError(f"No scenes of kind {kind!r} are known. Kinds: {known}.")
    if size < _LEAST:
        raise TrainingError(
            f"A scene has {_LEAST} or more rows and columns, not {size}."
        )
    rng = np.random.default_rng(seed)
    while True:
        scene = _DRAW[kind](rng, size) if kind else _mixed(rng, size)
        if scene.labels.any():
            return scene


def _mixed(rng: np.random.Generator, size: int) -> Scene:
    """Draw a scene of any style; rarely, of a kind that no style can draw."""
    radius, choice = draw_radius(rng, size, MIXTURE), rng.uniform()
    for kind, share in _SHARES.items():
        choice += share
        if choice >= 1:
            return _DRAW[kind](rng, size)
    wall_to_wall = choice < MIXTURE.confluent + sum(_SHARES.values())
    return draw_objects(rng, size, radius, MIXTURE, wall_to_wall=wall_to_wall)
