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
    Choice,
    MaskPrompt,
    Point,
    Polygon,
    Scribble,
    bounds,
    says_where,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.prompts.items import Statement

#: What the labels of `Lowered` mean, as SAM's prompt encoder numbers them.
NEGATIVE, POSITIVE, TOP_LEFT, BOTTOM_RIGHT = 0, 1, 2, 3
#: Cells along the longer side of a prior, unless a grid is asked for.
_PRIOR_SIDE = 256


@dataclass(frozen=True, slots=True)
class Round:
    """One question to the model.

    Attributes
    ----------
    prompts
        Everything said so far, without the choices.
    chosen
        Which candidate of the answer, best first, the next round goes on from.
    """

    prompts: Prompts
    chosen: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Lowered:
    """What a model hears.

    Attributes
    ----------
    coords_xy
        Float32 ``(n, 2)``: x and y in pixels of the plane, measured from its top-left
        edge, so the centre of the first pixel is (0.5, 0.5). Points come first, then
        the two corners of the box.
    labels
        Int8 ``(n,)``: 1 positive, 0 negative, 2 top-left and 3 bottom-right corner.
    prior
        Float32 mask prompt on a coarse grid, or None; see `prior_at`.
    """

    coords_xy: NDArray[np.float32]
    labels: NDArray[np.int8]
    prior: NDArray[np.float32] | None


def rounds(prompts: Prompts) -> tuple[Round, ...]:
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
    asked: list[Round] = []
    heard: list[Statement] = []
    for statement in prompts.said:
        if isinstance(statement, Choice):
            if not asked:
                raise PromptError(
                    f"{statement} comes before anything that says where the object "
                    "is: there are no candidates yet."
                )
            asked[-1] = Round(asked[-1].prompts, statement.index)
            continue
        heard.append(statement)
        if asked or says_where(statement):
            asked.append(Round(Prompts(tuple(heard))))
    return tuple(asked)


def is_ambiguous(prompts: Prompts) -> bool:
    """Whether only one positive point was said, which may mean a part or the whole."""
    said = [s for s in prompts.said if not isinstance(s, Choice)]
    return len(said) == 1 and isinstance(said[0], Point) and said[0].positive


def lower(
    prompts: Prompts, shape: tuple[int, int], *, grid: tuple[int, int] | None = None
) -> Lowered:
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
    for statement in prompts.said:
        label = POSITIVE if says_where(statement) else NEGATIVE
        for row, col in rasterize.sample(statement, shape):
            if -0.5 <= row < shape[0] - 0.5 and -0.5 <= col < shape[1] - 0.5:
                coords.append((col + 0.5, row + 0.5))
                labels.append(label)
    box = _box(prompts, shape)
    if box is not None:
        coords += [(box.left, box.top), (box.right, box.bottom)]
        labels += [TOP_LEFT, BOTTOM_RIGHT]
    scale = min(1.0, _PRIOR_SIDE / max(shape))
    coarse = max(1, round(shape[0] * scale)), max(1, round(shape[1] * scale))
    return Lowered(
        np.asarray(coords, np.float32).reshape(-1, 2),
        np.asarray(labels, np.int8),
        prior_at(prompts, shape, grid or coarse),
    )


def prior_at(
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
    drawn = [s for s in prompts.said if isinstance(s, Polygon | MaskPrompt | Scribble)]
    if not drawn:
        return None
    areas = [_cells(s, shape, grid) for s in drawn]
    prior = np.zeros(grid, np.float32)
    outlined = [
        touched
        for s, (_, touched) in zip(drawn, areas, strict=True)
        if says_where(s) and not isinstance(s, Scribble)
    ]
    if outlined:
        prior[~rasterize.grown(np.logical_or.reduce(outlined))] = -1
    for statement, (filled, _) in zip(drawn, areas, strict=True):
        prior[filled] = 1 if says_where(statement) else -1
    return prior


def _cells(
    statement: Polygon | MaskPrompt | Scribble,
    shape: tuple[int, int],
    grid: tuple[int, int],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Cells that a statement fills, and cells that it touches."""
    if isinstance(statement, Scribble):
        line = rasterize.stroke(statement.path, shape, grid)
        return line, line
    share = rasterize.coverage(statement, shape, grid)
    enough = min(0.5, float(share.max()))
    return (share >= enough) & (share > 0), share > 0


def _box(prompts: Prompts, shape: tuple[int, int]) -> Box | None:
    """Return the box a model hears, cut to the plane."""
    around: Box | None = prompts.boxes[-1] if prompts.boxes else None
    if around is None:
        for statement in prompts.said:
            if isinstance(statement, Polygon | MaskPrompt) and says_where(statement):
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
