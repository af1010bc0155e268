"""Draw docs/images/scenes.jpg: a scene of each kind, and its objects beside it.

python scripts/draw_scenes.py [PICTURE]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.io.pictures import compose, draw_overlay, write_picture
from napari_sam.synthetic import KINDS, draw_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "scenes.jpg"
#: Rows and columns of a scene, and of the same enlarged: outlines are two pixels wide.
SIZE, HEIGHT = 128, 192
#: Kinds beside each other.
WIDE = 3
#: Scenes that show what is typical of their kind.
SEEDS = {
    "nuclei": 1,
    "membranes": 1,
    "rods": 1,
    "irregular": 2,
    "tissue": 6,
    "phase": 7,
    "roofs": 6,
    "fields": 5,
    "neurites": 3,
    "cell walls": 4,
    "smears": 14,
    "colonies": 1,
}


def pair(kind: str, seed: int) -> NDArray[np.uint8]:
    scene = draw_scene(seed, size=SIZE, kind=kind)
    nothing = np.zeros_like(scene.labels)
    bare = draw_overlay(scene.image, nothing, height=HEIGHT)
    return np.hstack([bare, draw_overlay(scene.image, scene.labels, height=HEIGHT)])


def main(picture: Path) -> None:
    panels = [(pair(kind, SEEDS[kind]), kind) for kind in KINDS]
    strips = [compose(panels[n : n + WIDE]) for n in range(0, len(panels), WIDE)]
    write_picture(picture, np.vstack(strips))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
