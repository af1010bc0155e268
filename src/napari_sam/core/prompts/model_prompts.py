"""Prompts as model inputs: only here does (row, col) become (x, y).

A model takes points, one box and a coarse mask. All kinds of prompts become these three
here, just before decoding, and always in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.geometry import rasterize
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    bounds,
    encloses,
)
from napari_sam.core.prompts.mask_input import to_mask_input

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts.items import Prompt

#: What the labels of `ModelPrompts` mean, as SAM's prompt encoder numbers them.
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = 0, 1, 2, 3
#: A mask is refined so many times at most.
_MOST_STEPS = 32
#: Cells along the longer side of a mask input, unless a grid is given.
_MASK_INPUT_SIDE = 256


@dataclass(frozen=True, slots=True)
class Refinement:
    """One call of the decoder, which refines the mask before.

    Attributes
    ----------
    prompts
        All prompts so far, without the choices of a candidate.
    candidate
        Which candidate of the mask, best first, the next step goes on from.
    previous
        Logits of the mask that it refines, float32; None in the first step, and until
        a decoder that goes through the steps has them.
    """

    prompts: Prompts
    candidate: int = 0
    previous: NDArray[np.float32] | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class ModelPrompts:
    """Prompts as arrays that a model takes.

    Attributes
    ----------
    point_coords
        Float32 ``(n, 2)``: x and y in pixels of the plane, measured from its top-left
        edge, so the centre of the first pixel is (0.5, 0.5). Points come first, then
        the two corners of the box.
    point_labels
        Int8 ``(n,)``: 1 positive, 0 negative, 2 top-left and 3 bottom-right corner.
    mask_input
        Float32 mask prompt on a coarse grid, or None; see `to_mask_input`.
    """

    point_coords: NDArray[np.float32]
    point_labels: NDArray[np.int8]
    mask_input: NDArray[np.float32] | None


def refinement_steps(prompts: Prompts) -> tuple[Refinement, ...]:
    """Split prompts into the steps in which a mask is refined, one by one.

    The first takes all prompts up to the first positive one; each later prompt decodes
    again, helped by the logits of the mask before. Only a box or an outline right after
    a single click is taken together with it: the mask of a lone click is a guess at
    which object is meant, and is better forgotten than refined. The last mask is
    therefore a pure function of the prompts in order. Nobody clicks a hundred times on
    an object: beyond `_MOST_STEPS`, what follows is taken together with the last.

    Raises
    ------
    PromptError
        If no prompt is positive, or a candidate is chosen before that.
    """
    _ = prompts.anchor
    steps: list[Refinement] = []
    so_far: list[Prompt] = []
    for prompt in prompts.items:
        if isinstance(prompt, Candidate):
            if not steps:
                raise PromptError(
                    f"{prompt} comes before any other prompt of the object "
                    "is: there are no candidates yet."
                )
            steps[-1] = Refinement(steps[-1].prompts, prompt.index)
            continue
        so_far.append(prompt)
        if len(steps) == _MOST_STEPS and steps[-1].candidate == 0:
            continue
        if len(steps) == 1 and _says_more(prompt, steps[0]):
            steps.clear()
        if steps or prompt.positive:
            steps.append(Refinement(Prompts(tuple(so_far))))
    if len(steps) == _MOST_STEPS and steps[-1].candidate == 0:
        steps[-1] = Refinement(Prompts(tuple(so_far)))
    return tuple(steps)


def _says_more(prompt: Prompt, step: Refinement) -> bool:
    """Whether a prompt makes the guess of a step needless: a box after one click."""
    return encloses(prompt) and step.candidate == 0 and is_ambiguous(step.prompts)


def is_ambiguous(prompts: Prompts) -> bool:
    """Whether prompts are one positive point, of a part or of the whole object."""
    items = [p for p in prompts.items if not isinstance(p, Candidate)]
    return len(items) == 1 and isinstance(items[0], Point) and items[0].positive


def is_approximate(prompts: Prompts) -> bool:
    """Whether a mask says only about where the object is, as one of another frame."""
    return any(isinstance(p, MaskPrompt) and p.approximate for p in prompts.items)


def to_model_prompts(
    prompts: Prompts, shape: tuple[int, int], *, grid: tuple[int, int] | None = None
) -> ModelPrompts:
    """Turn prompts about a plane of `shape` into points, a box and a mask prompt.

    The last box wins. Without one, the positive polygons and masks give the box
    around them, but for masks that are only approximate. Polygons, masks and scribbles
    also give a few points inside them.
    What lies outside the plane is left out, and a box is cut to it.

    Parameters
    ----------
    prompts
        Prompts in pixels of the plane.
    shape
        Rows and columns of the plane.
    grid
        Rows and columns of the mask input; by default, at most 256 along a side.
    """
    coords: list[tuple[float, float]] = []
    labels: list[int] = []
    for prompt in prompts.items:
        label = POSITIVE if prompt.positive else NEGATIVE
        for row, col in rasterize.representative_points(prompt, shape):
            if -0.5 <= row < shape[0] - 0.5 and -0.5 <= col < shape[1] - 0.5:
                coords.append((col + 0.5, row + 0.5))
                labels.append(label)
    box = _box(prompts, shape)
    if box is not None:
        coords += [(box.left, box.top), (box.right, box.bottom)]
        labels += [TOP_LEFT, BOTTOM_RIGHT]
    scale = min(1.0, _MASK_INPUT_SIDE / max(shape))
    coarse = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    return ModelPrompts(
        np.asarray(coords, np.float32).reshape(-1, 2),
        np.asarray(labels, np.int8),
        to_mask_input(prompts, shape, grid or coarse),
    )


def _box(prompts: Prompts, shape: tuple[int, int]) -> Box | None:
    """Return the box that a model takes, cut to the plane."""
    around: Box | None = prompts.boxes[-1] if prompts.boxes else None
    if around is None:
        for prompt in prompts.items:
            if isinstance(prompt, Polygon | MaskPrompt) and _has_box(prompt):
                extent = _extent(prompt)
                around = extent if around is None else around.union(extent)
    if around is None:
        return None
    top, left = max(around.top, 0), max(around.left, 0)
    bottom, right = min(around.bottom, shape[0]), min(around.right, shape[1])
    return Box(top, left, bottom, right) if top < bottom and left < right else None


def _has_box(shape: Polygon | MaskPrompt) -> bool:
    """Whether the object lies in the box around a shape."""
    return shape.positive if isinstance(shape, Polygon) else not shape.approximate


def _extent(shape: Polygon | MaskPrompt) -> Box:
    if isinstance(shape, MaskPrompt):
        return shape.box
    box = bounds(shape)
    assert box is not None
    return Box(box.top + 0.5, box.left + 0.5, box.bottom - 0.5, box.right - 0.5)
