"""What a person might have said about an object: simulated clicks, boxes, drawings.

After the paper's appendix A ("Training algorithm"): a click inside or a jittered box to
begin with, then clicks drawn from where the answer is wrong.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_sam.models.pocket import BOTTOM_RIGHT, NEGATIVE, PADDING, POSITIVE, TOP_LEFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PromptBatch", "corrected", "simulate"]

#: Points and corners of a first prompt; padded to this many.
FIRST = 4


class PromptBatch(NamedTuple):
    """N first prompts, in working pixels."""

    xy: Tensor  # (N, P, 2)
    kinds: Tensor  # (N, P)
    prior: Tensor  # (N, size / 4, size / 4): 1 drawn inside, -1 outside, 0 unsaid
    ambiguous: Tensor  # (N,) one positive click and nothing else


def simulate(rng: np.random.Generator, masks: NDArray[np.bool_]) -> PromptBatch:
    """Say something about each of ``(N, size, size)`` masks."""
    n, size = len(masks), masks.shape[-1]
    xy = np.zeros((n, FIRST, 2), np.float32)
    kinds = np.full((n, FIRST), PADDING)
    prior = np.zeros((n, size // 4, size // 4), np.float32)
    ambiguous = np.zeros(n, bool)
    for i, mask in enumerate(masks):
        way = rng.choice(["click", "box", "both", "points", "drawn", "stroke"],
                         p=[0.46, 0.22, 0.08, 0.1, 0.08, 0.06])  # fmt: skip
        said: list[tuple[tuple[float, float], int]] = []
        if way in ("click", "both", "points"):
            said.append((_inside(rng, mask), POSITIVE))
        if way == "points":
            said += _more(rng, mask)
        if way in ("box", "both", "drawn"):
            said += _box(rng, mask)
        if way == "drawn":
            prior[i] = _drawn(rng, mask)
            said.append((_inside(rng, mask), POSITIVE))
        if way == "stroke":
            prior[i], ends = _stroke(rng, mask)
            said += [(end, POSITIVE) for end in ends]
        for j, (place, kind) in enumerate(said):
            xy[i, j], kinds[i, j] = place, kind
        ambiguous[i] = way == "click"
    return PromptBatch(*(torch.from_numpy(a) for a in (xy, kinds, prior, ambiguous)))


def _window(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def _inside(rng: np.random.Generator, mask: NDArray[np.bool_]) -> tuple[float, float]:
    """Click: more often well inside, as people do, and now and then anywhere in it."""
    top, left, bottom, right = _window(mask)
    part = np.pad(mask[top:bottom, left:right], 1)
    if rng.uniform() < 0.7:
        depth = ndimage.distance_transform_cdt(part)
        part = depth > 0.5 * depth.max()
    places = np.flatnonzero(part)
    row, col = divmod(int(places[rng.integers(len(places))]), part.shape[1])
    return left + col - 0.5, top + row - 0.5


def _more(
    rng: np.random.Generator, mask: NDArray[np.bool_]
) -> list[tuple[tuple[float, float], int]]:
    """One or two more clicks, inside or near by outside."""
    top, left, bottom, right = _window(mask)
    reach = 0.5 * max(bottom - top, right - left) + 6
    said: list[tuple[tuple[float, float], int]] = []
    for _ in range(int(rng.integers(1, 3))):
        if rng.uniform() < 0.5:
            said.append((_inside(rng, mask), POSITIVE))
            continue
        for _ in range(8):
            row, col = rng.uniform(
                (top - reach, left - reach), (bottom + reach, right + reach)
            )
            if (
                0 <= row < mask.shape[0]
                and 0 <= col < mask.shape[1]
                and not mask[int(row), int(col)]
            ):
                said.append(((float(col), float(row)), NEGATIVE))
                break
    return said


def _box(
    rng: np.random.Generator, mask: NDArray[np.bool_]
) -> list[tuple[tuple[float, float], int]]:
    """Box with corners off by about a tenth of its sides, at most 20 pixels."""
    top, left, bottom, right = _window(mask)
    off = rng.normal(0, 0.07, 4) * ([bottom - top, right - left] * 2)
    off = np.clip(off, -20, 20)
    size = mask.shape[0]
    top, left, bottom, right = np.clip(
        np.array([top, left, bottom, right]) + off, 0, size
    )
    if bottom - top < 2 or right - left < 2:
        top, left, bottom, right = _window(mask)
    return [
        ((float(left), float(top)), TOP_LEFT),
        ((float(right), float(bottom)), BOTTOM_RIGHT),
    ]


def _cells(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bring a mask to stride 4."""
    n = mask.shape[0] // 4
    return mask.reshape(n, 4, n, 4).mean((1, 3)) > 0.4


def _drawn(rng: np.random.Generator, mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Draw a careless outline, filled: too wide, too narrow, or a little aside."""
    cells = _cells(mask)
    cells = np.roll(cells, rng.integers(-1, 2, 2), (0, 1))
    off = int(rng.integers(-2, 4))
    if off > 0:
        cells = ndimage.binary_dilation(cells, iterations=off)
    elif off < 0 and (thin := ndimage.binary_erosion(cells, iterations=-off)).any():
        cells = thin
    near = ndimage.binary_dilation(cells, iterations=2)
    return np.where(cells, 1, np.where(near, 0, -1)).astype(np.float32)


def _stroke(
    rng: np.random.Generator, mask: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
    """Scribble from place to place inside, and its two ends."""
    stops = [_inside(rng, mask) for _ in range(int(rng.integers(2, 4)))]
    n = mask.shape[0] // 4
    path = np.zeros((n, n), bool)
    for (x0, y0), (x1, y1) in pairwise(stops):
        steps = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
        t = np.linspace(0, 1, steps + 1)
        rows, cols = (y0 + t * (y1 - y0)).astype(int), (x0 + t * (x1 - x0)).astype(int)
        inside = mask[rows, cols]
        path[rows[inside] // 4, cols[inside] // 4] = True
    return path.astype(np.float32), [stops[0], stops[-1]]


def corrected(
    xy: Tensor, kinds: Tensor, wrong: Tensor, truth: Tensor, stride: int
) -> tuple[Tensor, Tensor]:
    """Add one click where the answer is wrong, preferring the middle of the error.

    Parameters
    ----------
    xy, kinds
        What was said so far.
    wrong, truth
        ``(N, h, w)``: where the answer errs, and the mask wanted, at `stride`.
    stride
        Working pixels per cell.

    Returns
    -------
    tuple
        `xy` and `kinds` with one more column; padding where nothing is wrong.
    """
    n, _, cols = wrong.shape
    error = wrong.float()[:, None]
    depth = F.avg_pool2d(error, 5, 1, 2) * error
    depth = depth + F.avg_pool2d(error, 15, 1, 7) * error
    chance = depth.square() * (0.3 + torch.rand_like(depth))
    place = chance.flatten(1).argmax(1)
    row, col = place // cols, place % cols
    inside = truth[torch.arange(n), row, col]
    kind = torch.where(inside, POSITIVE, NEGATIVE)
    kind = torch.where(wrong.flatten(1).any(1), kind, PADDING)
    click = (torch.stack([col, row], -1) + 0.5) * stride
    return torch.cat([xy, click[:, None]], 1), torch.cat([kinds, kind[:, None]], 1)
