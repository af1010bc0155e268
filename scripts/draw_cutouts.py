"""Draw docs/images/cutouts.png: a drawn scene, and its objects on a sheet.

python scripts/draw_cutouts.py [PICTURE]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from napari_sam.api import cutouts
from napari_sam.io.cutouts.settings import CutoutSettings
from napari_sam.io.cutouts.sheet import draw_sheet
from napari_sam.io.pictures import compose, draw_overlay, write_picture
from napari_sam.synthetic import draw_scene

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "cutouts.png"


def main(picture: Path) -> None:
    scene = draw_scene(6, size=192, kind="roofs")
    areas = np.bincount(scene.labels.ravel())
    large = np.median(areas[1:])
    kinds = {n: "house" if areas[n] > large else "hut" for n in range(1, len(areas))}
    settings = CutoutSettings(margin=2, feather=1)
    found = list(
        cutouts(scene.image, scene.labels, axes="yxc", classes=kinds, settings=settings)
    )
    sheet = draw_sheet(found, sort="class", pixel_size=0.25, unit="m")
    shown = draw_overlay(scene.image, scene.labels, height=384)
    panels = [(shown, "a scene and its labels"), (sheet, "its objects, by class")]
    write_picture(picture, compose(panels))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE)
