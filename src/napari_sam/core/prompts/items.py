"""Prompts about one object in one plane: points, boxes, polygons, scribbles, masks.

Coordinates are ``(row, col)`` pixels. **Pixel centres sit on integers**: pixel
``(r, c)`` covers ``r - 0.5 <= row < r + 0.5``, and points, polygon vertices and
scribble paths are positions in that sense. **Boxes and masks are made of whole
pixels, half-open like slices**: ``Box(t, l, b, r)`` covers pixels ``t`` to ``b - 1``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar, TypeAlias

import numpy as np

from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

#: Positions along a line, as ``((row, col), ...)``.
Path: TypeAlias = "tuple[tuple[float, float], ...]"


#: No plane is this large, and float64 still has whole pixels at this distance.
_FARTHEST = 1e9


def _numbers(what: str, values: Iterable[float]) -> tuple[float, ...]:
    """Coordinates as floats that can be calculated with."""
    try:
        values = tuple(values)
        numbers = tuple(map(float, values))
    except (TypeError, ValueError, OverflowError):
        numbers = (float("nan"),)
    if not all(abs(number) <= _FARTHEST for number in numbers):
        raise PromptError(
            f"{what} got the coordinates {values}; they must be finite numbers, in "
            "pixels."
        )
    return numbers


def _path(what: str, positions: Iterable[Iterable[float]], least: int) -> Path:
    path = []
    for position in positions:
        pair = _numbers(what, position)
        if len(pair) != 2:
            raise PromptError(f"{what} got the position {pair}; expected (row, col).")
        path.append((pair[0], pair[1]))
    if len(path) < least:
        raise PromptError(
            f"{what} needs at least {least} positions (row, col); {len(path)} given."
        )
    return tuple(path)


@dataclass(frozen=True, slots=True)
class Point:
    """A point prompt, or click; `positive` means "this belongs to the object"."""

    row: float
    col: float
    positive: bool = True

    def __post_init__(self) -> None:
        row, col = _numbers("A point", (self.row, self.col))
        object.__setattr__(self, "row", row)
        object.__setattr__(self, "col", col)


@dataclass(frozen=True, slots=True)
class Box:
    """A box prompt around the object, half-open: ``top <= row < bottom``."""

    positive: ClassVar[bool] = True
    top: float
    left: float
    bottom: float
    right: float

    def __post_init__(self) -> None:
        edges = (self.top, self.left, self.bottom, self.right)
        names = ("top", "left", "bottom", "right")
        for name, edge in zip(names, _numbers("A box", edges), strict=True):
            object.__setattr__(self, name, edge)
        if self.bottom <= self.top or self.right <= self.left:
            raise PromptError(
                f"{self} is empty: bottom must exceed top, and right must exceed left."
            )

    @property
    def center(self) -> tuple[float, float]:
        """Its middle as a position ``(row, col)``."""
        return (self.top + self.bottom - 1) / 2, (self.left + self.right - 1) / 2

    def union(self, other: Box) -> Box:
        """Return the smallest box around both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


@dataclass(frozen=True, slots=True)
class Polygon:
    """A polygon prompt: what it encloses is (or is not) the object."""

    vertices: Path
    positive: bool = True

    def __post_init__(self) -> None:
        vertices = _path("A polygon", self.vertices, 3)
        object.__setattr__(self, "vertices", vertices)
        away = np.subtract(vertices, vertices[0])
        if np.linalg.matrix_rank(away) < 2:
            raise PromptError("A polygon's vertices lie on one line: it holds nothing.")


@dataclass(frozen=True, slots=True)
class Scribble:
    """A scribble prompt: a line through the object, or through something else."""

    path: Path
    positive: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", _path("A scribble", self.path, 1))


@dataclass(frozen=True)
class MaskPrompt:
    """A mask prompt: a rough mask of the object.

    Attributes
    ----------
    mask
        Its pixels.
    approximate
        Only an expectation, such as the mask of another frame: a model gets it with its
        deepest point, and no box around it, which would cut off what grew or moved.
    """

    positive: ClassVar[bool] = True
    mask: Mask
    approximate: bool = False

    def __post_init__(self) -> None:
        if not self.mask:
            raise PromptError("A mask prompt is empty: no pixel is set.")

    @classmethod
    def from_array(
        cls,
        array: ArrayLike,
        *,
        top: int = 0,
        left: int = 0,
        approximate: bool = False,
    ) -> MaskPrompt:
        """Make it of an array whose first pixel is at ``(top, left)``."""
        try:
            return cls(Mask.from_array(array, top=top, left=left), approximate)
        except ImageError as wrong:
            raise PromptError(str(wrong)) from None

    @cached_property
    def array(self) -> NDArray[np.bool_]:
        """True in the mask; covers ``mask.region``. Not to be written to."""
        array = self.mask.array
        array.flags.writeable = False
        return array

    @property
    def box(self) -> Box:
        """The box that the mask fills."""
        region = self.mask.region
        return Box(region.top, region.left, region.bottom, region.right)


@dataclass(frozen=True, slots=True)
class Candidate:
    """The choice of a candidate: go on from the `index`-th mask, best first."""

    positive: ClassVar[bool] = False
    index: int

    def __post_init__(self) -> None:
        if self.index < 0:
            raise PromptError(f"Candidates are counted from 0; {self.index} given.")


#: One prompt.
Prompt: TypeAlias = "Point | Box | Polygon | Scribble | MaskPrompt | Candidate"


def encloses(prompt: Prompt) -> bool:
    """Whether a prompt tells where all of the object is, and not only a part of it."""
    return isinstance(prompt, Box | Polygon | MaskPrompt) and prompt.positive


def bounds(prompt: Prompt) -> Box | None:
    """Return the box around one prompt; None for a candidate."""
    match prompt:
        case Candidate():
            return None
        case Box():
            return prompt
        case MaskPrompt():
            return prompt.box
        case Point(row, col):
            return Box(row, col, row + 1, col + 1)
    path = prompt.vertices if isinstance(prompt, Polygon) else prompt.path
    (top, left), (bottom, right) = np.min(path, 0), np.max(path, 0)
    return Box(float(top), float(left), float(bottom) + 1, float(right) + 1)


def shifted(prompt: Prompt, rows: float, cols: float) -> Prompt:
    """Return the same prompt, `rows` further down and `cols` further right."""
    match prompt:
        case Candidate():
            return prompt
        case Box(top, left, bottom, right):
            return Box(top + rows, left + cols, bottom + rows, right + cols)
        case MaskPrompt(mask, approximate):
            if not (float(rows).is_integer() and float(cols).is_integer()):
                raise PromptError("A mask can only be moved by whole pixels.")
            return MaskPrompt(mask.shifted(int(rows), int(cols)), approximate)
        case Point(row, col, positive):
            return Point(row + rows, col + cols, positive)
        case Polygon(vertices, positive):
            return Polygon(tuple((r + rows, c + cols) for r, c in vertices), positive)
        case Scribble(path, positive):
            return Scribble(tuple((r + rows, c + cols) for r, c in path), positive)
