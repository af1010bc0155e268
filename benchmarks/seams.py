"""The same object in two tilings: how alike are its masks?

    python benchmarks/seams.py [--shift 160] [--tile 512 --margin 256]

Drawn scenes of every kind, 1536 pixels a side, once whole and once without their first
rows and columns, so that every seam lies elsewhere. `pocket` is asked for objects by a
box, and by a click where they are thickest. "Candidate" is a click whose best match
among the three candidates is counted: a person chooses the one that is meant.
Agreement is the IoU of the two masks. Tiles are the usual ones, unless told.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np
from _measure import print_row
from scipy import ndimage

import napari_sam as sam
from napari_sam.synthetic import KINDS, draw_scene

if TYPE_CHECKING:
    from napari_sam.core.prediction import Prediction

SIDE, OBJECTS = 1536, 6
WAYS = ("box", "click", "candidate")


def objects(labels: Any, shift: int) -> list[tuple[sam.Prompts, sam.Prompts]]:
    """A box and a click for some objects that lie whole in both planes."""
    found = []
    for i, (rows, cols) in enumerate(ndimage.find_objects(labels), start=1):
        ends = rows.start, cols.start, rows.stop, cols.stop
        inside = min(ends[:2]) > shift + 2 and max(ends[2:]) < SIDE - 2
        if inside and min(ends[2] - ends[0], ends[3] - ends[1]) > 8:
            depth = ndimage.distance_transform_edt(labels[rows, cols] == i)
            row, col = np.unravel_index(int(depth.argmax()), depth.shape)
            click = sam.Prompts.point(float(row + ends[0]), float(col + ends[1]))
            found.append((sam.Prompts.rectangle(*ends), click))
    order = np.random.default_rng(0).permutation(len(found))[:OBJECTS]
    return [found[i] for i in order]


def iou(one: Prediction, other: Prediction, shift: int) -> float:
    masks = [
        np.pad(p.full((n, n)), ((SIDE - n, 0),) * 2)
        for p, n in ((one, SIDE), (other, SIDE - shift))
    ]
    union = np.count_nonzero(masks[0] | masks[1])
    return np.count_nonzero(masks[0] & masks[1]) / union if union else 1.0


def agreements(
    kind: str, backend: Any, tiling: sam.Tiling | None, shift: int
) -> list[tuple[float, float, float]]:
    scene = draw_scene(7, size=SIDE, kind=kind)
    planes = (scene.image, scene.image[shift:, shift:])
    look = sam.Appearance((0, 1, 2), ((0.0, 255.0),))
    whole, cut = (
        sam.PromptableImage(p, backend, axes="yxc", appearance=look, tiling=tiling)
        for p in planes
    )
    found = []
    for box, click in objects(scene.labels, shift):
        boxes = whole.segment(box), cut.segment(box.shifted(-shift, -shift))
        clicks = whole.segment(click), cut.segment(click.shifted(-shift, -shift))
        alike = [iou(clicks[0], c, shift) for c in clicks[1].candidates]
        found.append((iou(*boxes, shift), alike[0], max(alike)))
    return found


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    given.add_argument("--shift", type=int, default=160)
    given.add_argument("--tile", type=int)
    given.add_argument("--margin", type=int, default=64)
    asked = given.parse_args()
    shift, tile, margin = asked.shift, asked.tile, asked.margin
    tiling = None if tile is None else sam.Tiling((tile,) * 2, (margin,) * 2)
    backend = sam.load_backend("pocket", device="cpu")
    print_row(["scenes", "objects", *(f"{way}, median" for way in WAYS), *WAYS])
    print_row(["---"] * (2 + 2 * len(WAYS)))
    everything = []
    for kind in (*KINDS, "all"):
        found = (
            everything if kind == "all" else agreements(kind, backend, tiling, shift)
        )
        everything = [*everything, *found] if kind != "all" else everything
        values = np.array(found).reshape(-1, len(WAYS))
        medians = [f"{m:.3f}" for m in np.median(values, 0)]
        good = [f"{n} over 0.95" for n in (values > 0.95).sum(0)]
        print_row([kind, str(len(values)), *medians, *good])


if __name__ == "__main__":
    main()
