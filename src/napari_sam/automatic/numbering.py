"""Numbering of automatic masks: which object each becomes, and which is on top."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.address import Address

if TYPE_CHECKING:
    from napari_sam.automatic.automatic_masks import AutomaticMask, AutomaticMasks


def number_masks(
    found: AutomaticMasks, *, frame: int = 0, first: int = 1
) -> dict[Address, AutomaticMask]:
    """Return masks by their object, in the order in which they are painted.

    Objects are numbered from the top of the plane to its bottom, so that numbers do not
    depend on scores. Larger masks come first: where masks overlap, a part is not lost
    below its whole.

    Parameters
    ----------
    found
        Masks of one plane, already filtered.
    frame
        The plane.
    first
        Number of the first object.
    """
    by_place = sorted(found.masks, key=lambda one: one.point)
    numbered = {Address(frame, first + k): one for k, one in enumerate(by_place)}
    by_size = sorted(numbered.items(), key=lambda pair: -pair[1].mask.area)
    return dict(by_size)
