"""What a person would click: the protocol, on masks alone.

The protocol is the paper's (section 7.1, "Zero-shot single point valid mask
evaluation", and appendix D.1): a click in the middle of the object, then clicks in the
middle of the largest error; and a tight box. Distances are computed within the
smallest window that holds what is compared: beyond it nothing is wrong, so the answer
is that of the whole plane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from napari_sam.core.prediction import Prediction

    Segment = Callable[[Prompts], Prediction]

__all__ = ["Attempt", "Target", "iou", "iter_clicks", "middle", "next_click", "paste"]

#: Clicks in all, the first included.
CLICKS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """An object that is asked for.

    Attributes
    ----------
    mask
        ``(rows, cols)`` within `region`: True on the object.
    region
        The smallest rectangle of the plane that holds it.
    """

    mask: NDArray[np.bool_]
    region: Region

    @classmethod
    def of(cls, plane: NDArray[np.bool_]) -> Target:
        """Cut an object that has at least one pixel out of its plane."""
        rows, cols = np.flatnonzero(plane.any(1)), np.flatnonzero(plane.any(0))
        region = Region(
            int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
        )
        return cls(np.ascontiguousarray(plane[region.slices]), region)

    @property
    def click(self) -> Prompts:
        """One click in its middle."""
        row, col = middle(self.mask)
        return Prompts().point(row + self.region.top, col + self.region.left)

    @property
    def box(self) -> Prompts:
        """The tight box."""
        r = self.region
        return Prompts().rectangle(r.top, r.left, r.bottom, r.right)

    def iou(self, prediction: Prediction) -> float:
        """Overlap with an answer."""
        return iou(*self.beside(prediction)[1:])

    def corrected(self, prompts: Prompts, prediction: Prediction) -> Prompts:
        """Add the click that a person would make next; the same if nothing is wrong."""
        window, truth, found = self.beside(prediction)
        click = next_click(truth, found)
        if click is None:
            return prompts
        row, col, positive = click
        return prompts.point(row + window.top, col + window.left, positive=positive)

    def beside(
        self, prediction: Prediction
    ) -> tuple[Region, NDArray[np.bool_], NDArray[np.bool_]]:
        """Object and answer in the smallest window that holds both."""
        window = (
            _around(self.region, prediction.region) if prediction.area else self.region
        )
        found = paste(prediction.mask, prediction.region, window)
        return window, paste(self.mask, self.region, window), found


@dataclass(frozen=True, slots=True, eq=False)
class Attempt:
    """What was said, what came back, and how good it is.

    Attributes
    ----------
    prompts
        Everything said so far.
    answer
        None if the model refused to answer.
    reached
        Its IoU; 0 without an answer.
    refusal
        Why there is no answer, or nothing.
    """

    prompts: Prompts
    prediction: Prediction | None
    reached: float
    refusal: str = ""


def try_prompts(model: Segment, prompts: Prompts, target: Target) -> Attempt:
    """Segment once. A refusal counts as an empty mask."""
    try:
        prediction = model(prompts)
    except PromptError as refused:
        return Attempt(prompts, None, 0.0, str(refused))
    return Attempt(prompts, prediction, target.iou(prediction))


def iter_clicks(model: Segment, target: Target) -> Iterator[Attempt]:
    """Click in the middle, then `CLICKS` - 1 times in the middle of the largest error.

    Where nothing is wrong any more, or the model refused, the last turn is repeated.
    """
    attempt = try_prompts(model, target.click, target)
    yield attempt
    for _ in range(CLICKS - 1):
        if attempt.prediction is not None and attempt.reached < 1:
            further = target.corrected(attempt.prompts, attempt.prediction)
            attempt = try_prompts(model, further, target)
        yield attempt


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Pixel deepest inside a mask (row, col); the first such, reading the rows."""
    return _deepest(mask)[1:]


def next_click(
    truth: NDArray[np.bool_], prediction: NDArray[np.bool_]
) -> tuple[int, int, bool] | None:
    """Where a person would click next: deepest in what is missing or too much.

    Returns
    -------
    tuple or None
        Row, column, and whether the place belongs to the object; None if nothing
        is wrong.
    """
    missing, surplus = _deepest(truth & ~prediction), _deepest(prediction & ~truth)
    inside = missing[0] >= surplus[0]
    depth, row, col = missing if inside else surplus
    return (row, col, inside) if depth else None


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Overlap of two masks, 0 to 1."""
    either = int(np.count_nonzero(one | other))
    return int(np.count_nonzero(one & other)) / either if either else 1.0


def paste(mask: NDArray[np.bool_], region: Region, window: Region) -> NDArray[np.bool_]:
    """Return a mask that covers `region` as one that covers `window`."""
    out = np.zeros(window.shape, bool)
    top, left = max(region.top, window.top), max(region.left, window.left)
    bottom, right = min(region.bottom, window.bottom), min(region.right, window.right)
    if top < bottom and left < right:
        both = Region(top, left, bottom, right)
        inner = both.shifted(-region.top, -region.left)
        out[both.shifted(-window.top, -window.left).slices] = mask[inner.slices]
    return out


def _around(one: Region, other: Region) -> Region:
    return Region(
        min(one.top, other.top), min(one.left, other.left),
        max(one.bottom, other.bottom), max(one.right, other.right),
    )  # fmt: skip


def _deepest(mask: NDArray[np.bool_]) -> tuple[float, int, int]:
    """Depth of the deepest pixel and where it is; (0, 0, 0) in an empty mask."""
    if not mask.any():
        return 0.0, 0, 0
    here = Target.of(mask)
    depth = ndimage.distance_transform_edt(np.pad(here.mask, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), depth.shape)
    top, left = here.region.top, here.region.left
    return float(depth[row, col]), int(row) + top, int(col) + left
