"""Pictures of the masks with the lowest IoU: a mean hides what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import Progress
from napari_sam.evaluation.mask_accuracy import promptable
from napari_sam.evaluation.simulated_clicks import (
    Attempt,
    box_around,
    iter_clicks,
    try_prompts,
)
from napari_sam.io.pictures import draw_overlay

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.evaluation.mask_accuracy import Result
    from napari_sam.image import PromptableImage

__all__ = ["Case", "iter_worst"]

#: Colours of the outlines of ground truth and prediction, as red, green and blue.
TRUTH, PREDICTION = (255, 200, 0), (0, 200, 255)
#: The object number whose boxes are drawn in a colour unlike these.
_PINK = 3
#: Longer side of a picture, in pixels.
_SIDE = 260
#: Margin of a picture around both masks, as a share of their size.
_MARGIN = 0.35
_LEAST = 16

_MEASURES: Mapping[str, Callable[[Result], float]] = MappingProxyType({
    "one click": lambda r: r.click,
    "a box": lambda r: r.box,
    "five clicks": lambda r: r.clicks[-1],
})  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """An object with one of the lowest IoUs of a model, and its picture.

    Attributes
    ----------
    result
        Its IoUs.
    prompted
        From which prompts: ``one click``, ``a box`` or ``five clicks``.
    iou
        IoU of the mask predicted from them.
    picture
        ``(y, x, 3)`` uint8: the image, and to its right the same with the prompts and
        the outlines of ground truth and prediction.
    """

    result: Result
    prompted: str
    iou: float
    picture: NDArray[np.uint8]


def iter_worst(
    model: Backend,
    images: Sequence[LabelledImage],
    results: Sequence[Result],
    *,
    count: int = 4,
) -> Generator[Progress, None, list[Case]]:
    """Draw the objects with the lowest IoU, for each kind of image and of prompt.

    Their masks are predicted once more: they are the same, and need not be stored.

    Parameters
    ----------
    model
        The one whose results these are.
    images
        The images that were evaluated.
    results
        Results of this model alone.
    count
        Number of objects of each kind of image and of prompt.
    """
    worst = _worst_results(results, count)
    by_name = {(p.kind, p.name): p for p in images}
    cases: dict[tuple[str, int], Case] = {}
    names = dict.fromkeys((r.kind, r.name) for _, r in worst)
    for done, name in enumerate(names, start=1):
        image = promptable(by_name[name], model)
        picture = image.appearance.render(image.frames[0])
        truth = by_name[name].truth
        for n, (prompted, result) in enumerate(worst):
            if (result.kind, result.name) == name:
                mask = truth.mask(result.object_id)
                attempt = _repeat(image, mask, prompted)
                drawn = _draw(picture, mask, attempt)
                cases[prompted, n] = Case(result, prompted, attempt.iou, drawn)
        yield Progress(done, len(names), "drawing the worst cases")
    return [cases[prompted, n] for n, (prompted, _) in enumerate(worst)]


def _worst_results(results: Sequence[Result], count: int) -> list[tuple[str, Result]]:
    found = []
    for kind in sorted({r.kind for r in results}):
        mine = [r for r in results if r.kind == kind]
        for prompted, reached in _MEASURES.items():
            found += [(prompted, r) for r in sorted(mine, key=reached)[:count]]
    return found


def _repeat(image: PromptableImage, truth: Mask, prompted: str) -> Attempt:
    """Predict the mask of an evaluated object once more, from the same prompts."""
    if prompted == "a box":
        return try_prompts(image.segment, box_around(truth), truth)
    attempts = iter_clicks(image.segment, truth)
    return next(attempts) if prompted == "one click" else list(attempts)[-1]


def _draw(
    picture: NDArray[np.uint8], truth: Mask, attempt: Attempt
) -> NDArray[np.uint8]:
    """Draw the image, and next to it the image with prompts and outlines of masks."""
    region = truth.region
    if attempt.mask:
        region = region.union(attempt.mask.region)
    window = _with_margin(region, picture.shape)
    part = np.ascontiguousarray(picture[window.slices])
    height = max(1, round(window.shape[0] * _SIDE / max(window.shape)))
    none = np.zeros(window.shape, np.uint8)
    prompts = attempt.prompts.shifted(-window.top, -window.left)
    plain = draw_overlay(part, none, height=height)
    marked = draw_overlay(part, none, {_PINK: prompts}, height=height).copy()
    _outline(marked, truth.in_window(window), TRUTH)
    if attempt.mask:
        _outline(marked, attempt.mask.in_window(window), PREDICTION)
    gap = np.full((len(plain), 4, 3), 255, np.uint8)
    return np.concatenate([plain, gap, marked], axis=1)


def _with_margin(region: Region, shape: tuple[int, ...]) -> Region:
    reach = max(_LEAST, round(max(region.shape) * _MARGIN))
    return Region(
        max(region.top - reach, 0), max(region.left - reach, 0),
        min(region.bottom + reach, shape[0]), min(region.right + reach, shape[1]),
    )  # fmt: skip


def _outline(
    picture: NDArray[np.uint8], mask: NDArray[np.bool_], colour: tuple[int, int, int]
) -> None:
    """Draw the rim of a mask, enlarged or shrunk to the picture."""
    rows, cols = (
        ((np.arange(n) + 0.5) * m / n).astype(np.intp)
        for n, m in zip(picture.shape, mask.shape, strict=False)
    )
    large = np.pad(mask[np.ix_(rows, cols)], 2, mode="edge")
    rim = large & ~ndimage.binary_erosion(large, iterations=2, border_value=1)
    picture[rim[2:-2, 2:-2]] = colour
