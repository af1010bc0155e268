"""Synthetic images with ground truth, to evaluate on without data of one's own."""

from __future__ import annotations

from napari_sam.core.images.frames import Frames
from napari_sam.datasets.labelled_images import LabelledImage
from napari_sam.synthetic import draw_scene

#: Training draws from other seeds: numbers from here are never among them.
_FIRST = 10**9


def synthetic_images(count: int, *, size: int = 256) -> list[LabelledImage]:
    """Draw images of cells, roofs and fibres; the same ones on every machine.

    Parameters
    ----------
    count
        How many.
    size
        Rows and columns of each.
    """
    images = []
    for n in range(count):
        scene = draw_scene(_FIRST + n, size=size)
        frames = Frames(scene.image, "yxc")
        images.append(LabelledImage(f"scene-{n:03}", "synthetic", frames, scene.labels))
    return images
