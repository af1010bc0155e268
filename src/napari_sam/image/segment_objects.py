"""Segmenting many objects of a stack, plane by plane."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Promptable


def segment_objects(
    image: Promptable,
    prompts: Mapping[Address, Prompts],
    *,
    new_close_ups: bool = True,
    early: Callable[[Mapping[Address, Prediction]], object] | None = None,
) -> dict[Address, Prediction]:
    """Return the mask of each object in each frame that it has prompts in.

    Every frame is embedded once, and its objects are decoded together. `early` is
    called with masks of a frame that will be better, as `segment_many` says.
    """
    masks: dict[Address, Prediction] = {}
    for frame in dict.fromkeys(at.frame for at in prompts):
        mine = [at for at in prompts if at.frame == frame]
        asked = [prompts[at] for at in mine]
        found = image.segment_many(
            asked,
            frame,
            new_close_ups=new_close_ups,
            early=None if early is None else partial(_tell, early, mine),
        )
        masks.update(zip(mine, found, strict=True))
    return {at: masks[at] for at in prompts}


def _tell(
    early: Callable[[Mapping[Address, Prediction]], object],
    ats: Sequence[Address],
    masks: Sequence[Prediction],
) -> None:
    early(dict(zip(ats, masks, strict=True)))
