"""The picture of masks and prompts that the command line saves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.jobs import MaskResult


def write_first_frame(
    path: Path,
    image: PromptableImage,
    prompts: Mapping[Address, Prompts],
    masks: Mapping[Address, Prediction | MaskResult],
) -> None:
    """Draw the first frame that has prompts."""
    import numpy as np

    from napari_sam.core.images.frames import Frames
    from napari_sam.io import write_overlay
    from napari_sam.jobs import paint_on

    frame = next(iter(prompts)).frame
    picture = image.appearance.render(image.frames[frame])
    plane = np.zeros(image.frames.plane_shape, np.uint32)
    shown = {
        Address(0, at.object_id): m for at, m in masks.items() if at.frame == frame
    }
    paint_on(plane, shown, Frames(plane))
    here = {at.object_id: p for at, p in prompts.items() if at.frame == frame}
    write_overlay(path, picture, plane, here)
