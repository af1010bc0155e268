"""Segmenting many objects of a stack, plane by plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Promptable


def segment_objects(
    image: Promptable, prompts: Mapping[Address, Prompts], *, new_close_ups: bool = True
) -> dict[Address, Prediction]:
    """Return the mask of each object in each frame that it has prompts in.

    Every frame is embedded once, and its objects are decoded together.
    """
    masks: dict[Address, Prediction] = {}
    for frame in dict.fromkeys(at.frame for at in prompts):
        mine = [at for at in prompts if at.frame == frame]
        asked = [prompts[at] for at in mine]
        found = image.segment_many(asked, frame, new_close_ups=new_close_ups)
        masks.update(zip(mine, found, strict=True))
    return {at: masks[at] for at in prompts}
