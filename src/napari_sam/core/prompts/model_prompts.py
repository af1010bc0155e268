"""How a model hears prompts: the only place that turns (row, col) into (x, y).

A model knows points, one box and a coarse mask. Whatever a person said becomes these
three here, just before the model is asked, and always in the same way.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    Scribble,
    bounds,
    is_positive,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts.items import Prompt

#: What the labels of `ModelPrompts` mean, as SAM's prompt encoder numbers them.
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = 0, 1, 2, 3
#: Cells along the longer side of a prior, unless a grid is asked for.
_PRIOR_SIDE = 256


@dataclass(frozen=True, slots=True)
class Refinement:
    """One question to the model.

    Attributes
    ----------
    prompts
        Everything said so far, without the choices.
    chosen
        Which candidate of the answer, best first, the next round goes on from.
    """

    prompts: Prompts
    candidate: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ModelPrompts:
    """What a model hears.

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
    """Split what was said into the questions that a model is asked, one by one.

    The first hears everything up to the first statement that says where the object
    is; each later statement asks again, helped by the logits of the answer before.
    The last answer is therefore a pure function of what was said in order.

    Raises
    ------
    PromptError
        If nothing says where the object is, or a choice is made before that.
    """
    _ = prompts.anchor
    asked: list[Refinement] = []
    heard: list[Prompt] = []
    for statement in prompts.items:
        if isinstance(statement, Candidate):
            if not asked:
                raise PromptError(
                    f"{statement} comes before anything that says where the object "
                    "is: there are no candidates yet."
                )
            asked[-1] = Refinement(asked[-1].prompts, statement.index)
            continue
        heard.append(statement)
        if asked or is_positive(statement):
            asked.append(Refinement(Prompts(tuple(heard))))
    return tuple(asked)


def is_ambiguous(prompts: Prompts) -> bool:
    """Whether only one positive point was said, which may mean a part or the whole."""
    said = [s for s in prompts.items if not isinstance(s, Candidate)]
    return len(said) == 1 and isinstance(said[0], Point) and said[0].positive


def to_model_prompts(
    prompts: Prompts, shape: tuple[int, int], *, grid: tuple[int, int] | None = None
) -> ModelPrompts:
    """Turn prompts about a plane of `shape` into points, a box and a mask prompt.

    The last box wins. Without one, the positive polygons and masks give the box
    around them. Polygons, masks and scribbles also give a few points inside them.
    What lies outside the plane is not heard, and a box is cut to it.

    Parameters
    ----------
    prompts
        What was said, in pixels of the plane.
    shape
        Rows and columns of the plane.
    grid
        Rows and columns of the prior; by default, at most 256 along a side.
    """
    coords: list[tuple[float, float]] = []
    labels: list[int] = []
    for statement in prompts.items:
        label = POSITIVE if is_positive(statement) else NEGATIVE
        for row, col in rasterize.representative_points(statement, shape):
            if -0.5 <= row < shape[0] - 0.5 and -0.5 <= col < shape[1] - 0.5:
                coords.append((col + 0.5, row + 0.5))
                labels.append(label)
    box = _box(prompts, shape)
    if box is not None:
        coords += [(box.left, box.top), (box.right, box.bottom)]
        labels += [TOP_LEFT, BOTTOM_RIGHT]
    scale = min(1.0, _PRIOR_SIDE / max(shape))
    coarse = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    return ModelPrompts(
        np.asarray(coords, np.float32).reshape(-1, 2),
        np.asarray(labels, np.int8),
        to_mask_input(prompts, shape, grid or coarse),
    )


def to_mask_input(
    prompts: Prompts, shape: tuple[int, int], grid: tuple[int, int]
) -> NDArray[np.float32] | None:
    """Draw what was said densely on a grid whose cells span a plane of `shape`.

    +1 was said to be inside, -1 outside, 0 is unknown. A positive polygon or mask
    also says that everything beyond a margin of one cell is outside; a scribble
    says nothing of the rest. Where two statements differ, the later one wins.

    Returns
    -------
    Float32 array of shape `grid` in [-1, 1], or None if nothing dense was said.
    """
    drawn = [s for s in prompts.items if isinstance(s, Polygon | MaskPrompt | Scribble)]
    if not drawn:
        return None
    areas = [_cells(s, shape, grid) for s in drawn]
    prior = np.zeros(grid, np.float32)
    outlined = [
        touched
        for s, (_, touched) in zip(drawn, areas, strict=True)
        if is_positive(s) and not isinstance(s, Scribble)
    ]
    if outlined:
        prior[~rasterize.dilate(np.logical_or.reduce(outlined))] = -1
    for statement, (filled, _) in zip(drawn, areas, strict=True):
        prior[filled] = 1 if is_positive(statement) else -1
    return prior


def _cells(
    statement: Polygon | MaskPrompt | Scribble,
    shape: tuple[int, int],
    grid: tuple[int, int],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells that a statement fills, and cells that it touches."""
    if isinstance(statement, Scribble):
        line = rasterize.rasterize_line(statement.path, shape, grid)
        return line, line
    share = rasterize.coverage(statement, shape, grid)
    enough = min(0.5, float(share.max()))
    return (share >= enough) & (share > 0), share > 0


def _box(prompts: Prompts, shape: tuple[int, int]) -> Box | None:
    """Return the box a model hears, cut to the plane."""
    around: Box | None = prompts.boxes[-1] if prompts.boxes else None
    if around is None:
        for statement in prompts.items:
            if isinstance(statement, Polygon | MaskPrompt) and is_positive(statement):
                extent = _extent(statement)
                around = extent if around is None else around.union(extent)
    if around is None:
        return None
    top, left = max(around.top, 0), max(around.left, 0)
    bottom, right = min(around.bottom, shape[0]), min(around.right, shape[1])
    return Box(top, left, bottom, right) if top < bottom and left < right else None


def _extent(shape: Polygon | MaskPrompt) -> Box:
    if isinstance(shape, MaskPrompt):
        return shape.box
    box = bounds(shape)
    assert box is not None
    return Box(box.top + 0.5, box.left + 0.5, box.bottom - 0.5, box.right - 0.5)
