"""Simulated prompts of an object: points, boxes, polygons and scribbles.

After the paper's appendix A ("Training algorithm"): a point inside or a jittered box
first, then points sampled from where the mask is wrong. The `Recipe` has the share of
each prompt, and its noise.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor
from torch.nn import functional as F

from napari_sam.models.pocket import BOTTOM_RIGHT, NEGATIVE, PADDING, POSITIVE, TOP_LEFT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.training.recipe import Recipe

__all__ = ["PromptBatch", "simulate", "with_correction"]

#: Points and corners of a first prompt; padded to this many.
FIRST = 4
#: Position (x, y) in working pixels, and the label of the point.
_LabelledPoint: TypeAlias = "tuple[tuple[float, float], int]"


class PromptBatch(NamedTuple):
    """N first prompts, in working pixels."""

    xy: Tensor  # (N, P, 2)
    kinds: Tensor  # (N, P)
    prior: Tensor  # (N, size / 4, size / 4): 1 inside, -1 outside, 0 unknown
    ambiguous: Tensor  # (N,) one positive click and nothing else


def simulate(
    rng: np.random.Generator, masks: NDArray[np.bool_], recipe: Recipe
) -> PromptBatch:
    """Simulate the first prompts of ``(N, size, size)`` masks."""
    n, size = len(masks), masks.shape[-1]
    xy = np.zeros((n, FIRST, 2), np.float32)
    kinds = np.full((n, FIRST), PADDING)
    prior = np.zeros((n, size // 4, size // 4), np.float32)
    ambiguous = np.zeros(n, bool)
    shares = np.array(list(recipe.prompt_shares.values()))
    for i, mask in enumerate(masks):
        form = rng.choice(list(recipe.prompt_shares), p=shares / shares.sum())
        points: list[_LabelledPoint] = []
        if form in ("click", "click_and_box", "clicks"):
            points.append((_point_inside(rng, mask, recipe.deep), POSITIVE))
        if form == "clicks":
            points += _more_points(rng, mask, recipe.deep)
        if form in ("box", "click_and_box", "outline"):
            points += _box(rng, mask, recipe)
        if form == "outline":
            prior[i] = _rough_polygon(rng, mask)
            points.append((_point_inside(rng, mask, recipe.deep), POSITIVE))
        if form == "scribble":
            prior[i], ends = _scribble(rng, mask, recipe.deep)
            points += [(end, POSITIVE) for end in ends]
        for j, (pixel, kind) in enumerate(points):
            xy[i, j], kinds[i, j] = pixel, kind
        ambiguous[i] = form == "click"
    return PromptBatch(*(torch.from_numpy(a) for a in (xy, kinds, prior, ambiguous)))


def _window(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    rows, cols = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(rows[0]), int(cols[0]), int(rows[-1]) + 1, int(cols[-1]) + 1


def _point_inside(
    rng: np.random.Generator, mask: NDArray[np.bool_], deep: float
) -> tuple[float, float]:
    """Return a point: with probability `deep` well inside, else anywhere inside."""
    top, left, bottom, right = _window(mask)
    part = np.pad(mask[top:bottom, left:right], 1)
    if rng.uniform() < deep:
        depth = ndimage.distance_transform_cdt(part)
        part = depth > 0.5 * depth.max()
    pixels = np.flatnonzero(part)
    row, col = divmod(int(pixels[rng.integers(len(pixels))]), part.shape[1])
    return left + col - 0.5, top + row - 0.5


def _more_points(
    rng: np.random.Generator, mask: NDArray[np.bool_], deep: float
) -> list[_LabelledPoint]:
    """Return one or two more points, inside or nearby outside."""
    top, left, bottom, right = _window(mask)
    reach = 0.5 * max(bottom - top, right - left) + 6
    points: list[_LabelledPoint] = []
    for _ in range(int(rng.integers(1, 3))):
        if rng.uniform() < 0.5:
            points.append((_point_inside(rng, mask, deep), POSITIVE))
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
                points.append(((float(col), float(row)), NEGATIVE))
                break
    return points


def _box(
    rng: np.random.Generator, mask: NDArray[np.bool_], recipe: Recipe
) -> list[_LabelledPoint]:
    """Return the corners of a jittered box."""
    top, left, bottom, right = _window(mask)
    off = rng.normal(0, recipe.box_noise, 4) * ([bottom - top, right - left] * 2)
    off = np.clip(off, -recipe.box_limit, recipe.box_limit)
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


def _downsampled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return a mask at stride 4."""
    n = mask.shape[0] // 4
    return mask.reshape(n, 4, n, 4).mean((1, 3)) > 0.4


def _rough_polygon(
    rng: np.random.Generator, mask: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return an imprecise filled polygon: too wide, too narrow, or shifted."""
    cells = _downsampled(mask)
    cells = np.roll(cells, rng.integers(-1, 2, 2), (0, 1))
    off = int(rng.integers(-2, 4))
    if off > 0:
        cells = ndimage.binary_dilation(cells, iterations=off)
    elif off < 0 and (thin := ndimage.binary_erosion(cells, iterations=-off)).any():
        cells = thin
    near = ndimage.binary_dilation(cells, iterations=2)
    return np.where(cells, 1, np.where(near, 0, -1)).astype(np.float32)


def _scribble(
    rng: np.random.Generator, mask: NDArray[np.bool_], deep: float
) -> tuple[NDArray[np.float32], list[tuple[float, float]]]:
    """Return a scribble through points inside, and its two ends."""
    vertices = [_point_inside(rng, mask, deep) for _ in range(int(rng.integers(2, 4)))]
    n = mask.shape[0] // 4
    path = np.zeros((n, n), bool)
    for (x0, y0), (x1, y1) in pairwise(vertices):
        steps = int(max(abs(x1 - x0), abs(y1 - y0))) + 1
        t = np.linspace(0, 1, steps + 1)
        rows, cols = (y0 + t * (y1 - y0)).astype(int), (x0 + t * (x1 - x0)).astype(int)
        inside = mask[rows, cols]
        path[rows[inside] // 4, cols[inside] // 4] = True
    return path.astype(np.float32), [vertices[0], vertices[-1]]


def with_correction(
    xy: Tensor,
    kinds: Tensor,
    wrong: Tensor,
    truth: Tensor,
    *,
    stride: int,
    noise: Tensor,
    middle: bool,
) -> tuple[Tensor, Tensor]:
    """Add one corrective point to each prompt, where the mask is wrong.

    Parameters
    ----------
    xy, kinds
        Points so far, and their labels.
    wrong, truth
        ``(N, h, w)``: where the mask is wrong, and the true mask, at `stride`.
    stride
        Working pixels per cell.
    noise
        ``(N, h, w)`` in (0, 1): chooses among the wrong pixels.
    middle
        Whether to prefer the middle of the error; else all wrong pixels are alike.

    Returns
    -------
    tuple
        `xy` and `kinds` with one more column; padding where nothing is wrong.
    """
    n, _, cols = wrong.shape
    error = wrong.float()
    chance = error * (noise + 1e-6)
    if middle:
        near = _box_mean(error, 5) + _box_mean(error, 15)
        chance = (near * error).square() * (0.3 + noise)
    pixel = chance.flatten(1).argmax(1)
    row, col = pixel // cols, pixel % cols
    inside = truth[torch.arange(n, device=truth.device), row, col]
    kind = torch.where(inside, POSITIVE, NEGATIVE)
    kind = torch.where(wrong.flatten(1).any(1), kind, PADDING)
    click = (torch.stack([col, row], -1) + 0.5) * stride
    return torch.cat([xy, click[:, None]], 1), torch.cat([kinds, kind[:, None]], 1)


def _box_mean(x: Tensor, side: int) -> Tensor:
    """Return the mean of a square around each pixel, by rows and then columns."""
    half = side // 2
    rows = F.avg_pool2d(x, (side, 1), 1, (half, 0))
    return F.avg_pool2d(rows, (1, side), 1, (0, half))
