"""Labels of a part of a plane, as coarse as it is looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.session.labels.label_store import LabelStore


def sampled_labels(
    labels: LabelStore, frame: int, region: Region, step: int
) -> NDArray[np.uint32]:
    """Return every `step`-th row and column of a region that begins at such a one.

    Each object is looked up by where it lies: nothing else of the plane is read.
    """
    if step == 1:
        return labels.read(frame, region).astype(np.uint32)
    drawn = np.zeros([-(-n // step) for n in region.shape], np.uint32)
    for object_id in labels.footprints.in_frame(frame):
        footprint = labels.footprints.get(Address(frame, object_id))
        if footprint is None:
            continue
        common = aligned(footprint.region.intersection(region), step)
        if common is not None:
            inside = labels.read(frame, common)[::step, ::step] == object_id
            put_sampled(drawn, inside, object_id, common, region, step)
    return drawn


def aligned(region: Region, step: int) -> Region | None:
    """Let a region begin at pixels that are sampled; None if it holds none."""
    top, left = (-(-n // step) * step for n in (region.top, region.left))
    if top >= region.bottom or left >= region.right:
        return None
    return Region(top, left, region.bottom, region.right)


def put_sampled(
    drawn: NDArray[np.uint32],
    inside: NDArray[np.bool_],
    number: int,
    at: Region,
    whole: Region,
    step: int,
) -> None:
    """Draw sampled pixels of one object into those of the whole region."""
    top, left = (at.top - whole.top) // step, (at.left - whole.left) // step
    rows, cols = inside.shape
    drawn[top : top + rows, left : left + cols][inside] = number
