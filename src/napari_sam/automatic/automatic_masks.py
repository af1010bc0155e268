"""Automatic masks: what was found in a plane, before thresholds are applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask


@dataclass(frozen=True, slots=True)
class AutomaticMask:
    """An automatic mask: found without prompts, and how good it is.

    Attributes
    ----------
    mask
        Its pixels.
    score
        The estimated IoU, from 0 to 1.
    stability
        IoU of the masks with a higher and a lower threshold; 1 where there is none.
    point
        ``(row, col)`` of the plane that it was found from, inside of it.
    crop
        The part of the plane that was looked at.
    """

    mask: Mask
    score: float
    stability: float
    point: tuple[float, float]
    crop: Region


@dataclass(frozen=True)
class AutomaticMasks:
    """All masks that were found in one plane, and columns of what they are filtered by.

    Attributes
    ----------
    masks
        In the order in which they were found.
    plane_shape
        Rows and columns of the plane.
    may_nest
        Whether a part and its whole both stay, unless settings say otherwise.
    """

    masks: tuple[AutomaticMask, ...]
    plane_shape: tuple[int, int]
    may_nest: bool = True

    def __len__(self) -> int:
        return len(self.masks)

    def chosen(self, indices: Sequence[int] | NDArray[np.intp]) -> AutomaticMasks:
        """Return some of them, in the order given."""
        chosen = tuple(self.masks[int(i)] for i in indices)
        return replace(self, masks=chosen)

    @cached_property
    def scores(self) -> NDArray[np.float64]:
        """Score of each mask."""
        return np.array([m.score for m in self.masks])

    @cached_property
    def stabilities(self) -> NDArray[np.float64]:
        """Stability of each mask."""
        return np.array([m.stability for m in self.masks])

    @cached_property
    def areas(self) -> NDArray[np.int64]:
        """Pixels of each mask."""
        return np.array([m.mask.area for m in self.masks], np.int64)

    @cached_property
    def boxes(self) -> NDArray[np.int64]:
        """Box of each mask: top, left, bottom and right, ``(n, 4)``."""
        regions = (m.mask.region for m in self.masks)
        found = [(r.top, r.left, r.bottom, r.right) for r in regions]
        return np.array(found, np.int64).reshape(-1, 4)

    @cached_property
    def crop_areas(self) -> NDArray[np.int64]:
        """Pixels of the crop that each was found in."""
        shapes = (m.crop.shape for m in self.masks)
        return np.array([rows * cols for rows, cols in shapes], np.int64)
