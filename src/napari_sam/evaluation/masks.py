"""Accuracy of masks from simulated clicks and boxes.

The protocol is the paper's (section 7.1, "Zero-shot single point valid mask
evaluation", and appendix D.1): a click in the middle of the object, then clicks in the
middle of the largest error; and a tight box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.appearance import Appearance
from napari_sam.core.progress import Progress
from napari_sam.core.prompts import Prompts
from napari_sam.image import PromptableImage

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.protocols import Backend
    from napari_sam.io.pairs import Pair

__all__ = ["Result", "Summary", "iter_evaluate", "middle", "next_click", "summarise"]

#: Objects smaller than this many pixels are not asked for.
MIN_AREA = 30
#: Clicks in all, the first included.
CLICKS = 5


@dataclass(frozen=True, slots=True)
class Result:
    """One object.

    Attributes
    ----------
    kind, name, object_id, area
        Which object.
    click
        IoU of the best-ranked mask from one click.
    best
        IoU of the best of its candidates.
    box
        IoU from a tight box.
    clicks
        IoU after 1, 2, ... clicks.
    """

    kind: str
    name: str
    object_id: int
    area: int
    click: float
    best: float
    box: float
    clicks: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """Means over the objects of one kind of image."""

    kind: str
    objects: int
    click: float
    best: float
    box: float
    five: float


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Pixel deepest inside a mask (row, col); the first such, reading the rows."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(row), int(col)


def next_click(
    truth: NDArray[np.bool_], answer: NDArray[np.bool_]
) -> tuple[int, int, bool] | None:
    """Where a person would click next: deepest in what is missing or too much.

    Returns
    -------
    tuple or None
        Row, column, and whether the place belongs to the object; None if nothing
        is wrong.
    """
    wrong = truth ^ answer
    if not wrong.any():
        return None
    missing, surplus = truth & ~answer, answer & ~truth
    deepest = [
        float(ndimage.distance_transform_edt(np.pad(part, 1)).max())
        for part in (missing, surplus)
    ]
    inside = deepest[0] >= deepest[1]
    return (*middle(missing if inside else surplus), inside)


def iou(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Overlap of two masks, 0 to 1."""
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 1.0


def iter_evaluate(
    backend: Backend, pairs: Sequence[Pair], *, objects: int = 12, seed: int = 0
) -> Generator[Progress, None, list[Result]]:
    """Ask for up to `objects` random objects of every image; one step per image."""
    rng = np.random.default_rng(seed)
    results: list[Result] = []
    for done, pair in enumerate(pairs, start=1):
        image = PromptableImage(
            pair.frames, backend, appearance=Appearance.fit(pair.frames)
        )
        areas = np.bincount(pair.labels.ravel())
        areas[0] = 0
        found = rng.permutation(np.flatnonzero(areas >= MIN_AREA))[:objects]
        for object_id in found:
            truth = pair.labels == object_id
            results.append(
                Result(
                    pair.kind, pair.name, int(object_id), int(areas[object_id]),
                    *_judge(image, truth),
                )
            )  # fmt: skip
        yield Progress(done, len(pairs), pair.name)
    return results


def _judge(
    image: PromptableImage, truth: NDArray[np.bool_]
) -> tuple[float, float, float, tuple[float, ...]]:
    """IoU from a click, of its best candidate, from a box, and click after click."""
    shape = image.frames.plane_shape
    prompts = Prompts().point(*middle(truth))
    answer = image.segment(prompts)
    reached = [iou(truth, answer.full(shape))]
    best = max(iou(truth, c.full(shape)) for c in answer.candidates)
    boxed = image.segment(tight_box(truth))
    while len(reached) < CLICKS:
        click = next_click(truth, answer.full(shape))
        if click is not None:
            prompts = prompts.point(click[0], click[1], positive=click[2])
            answer = image.segment(prompts)
        reached.append(iou(truth, answer.full(shape)))
    return reached[0], best, iou(truth, boxed.full(shape)), tuple(reached)


def tight_box(truth: NDArray[np.bool_]) -> Prompts:
    """Box that just holds a mask."""
    rows, cols = np.flatnonzero(truth.any(1)), np.flatnonzero(truth.any(0))
    return Prompts().rectangle(
        int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1
    )


def summarise(results: Iterable[Result]) -> list[Summary]:
    """Means for each kind of image, in alphabetical order."""
    kinds: dict[str, list[Result]] = {}
    for result in results:
        kinds.setdefault(result.kind, []).append(result)
    return [
        Summary(
            kind,
            len(those),
            *(
                float(np.mean(values))
                for values in zip(
                    *((r.click, r.best, r.box, r.clicks[-1]) for r in those),
                    strict=True,
                )
            ),
        )
        for kind, those in sorted(kinds.items())
    ]
