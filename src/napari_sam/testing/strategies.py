"""Hypothesis strategies for prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Prompts,
    Scribble,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def _coordinate(size: int) -> st.SearchStrategy[float]:
    return st.floats(0, size - 1, width=32).map(float)


@st.composite
def boxes(draw: Callable[..., float], shape: tuple[int, int]) -> Box:
    """Boxes that overlap a plane."""
    top = draw(st.integers(0, shape[0] - 1))
    left = draw(st.integers(0, shape[1] - 1))
    bottom = draw(st.integers(int(top) + 1, shape[0]))
    right = draw(st.integers(int(left) + 1, shape[1]))
    return Box(float(top), float(left), float(bottom), float(right))


@st.composite
def polygons(
    draw: Callable[..., list[tuple[float, float]]], shape: tuple[int, int]
) -> Polygon:
    """Any polygons, also ones that cross themselves."""
    position = st.tuples(_coordinate(shape[0]), _coordinate(shape[1]))
    vertices = draw(st.lists(position, min_size=3, max_size=8))
    try:
        return Polygon(tuple(vertices))
    except PromptError:
        assume(False)
        raise


@st.composite
def masks(draw: Callable[..., int], shape: tuple[int, int]) -> MaskPrompt:
    """Ragged masks inside a plane."""
    top, left = draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    mask = rng.random((shape[0] - top, shape[1] - left)) < 0.5
    mask[0, 0] = True
    return MaskPrompt.from_array(mask, top=top, left=left)


def any_prompt(shape: tuple[int, int]) -> st.SearchStrategy[Prompt]:
    """Any one prompt about a plane."""
    position = st.tuples(_coordinate(shape[0]), _coordinate(shape[1]))
    path = st.lists(position, min_size=1, max_size=6).map(tuple)
    points = st.builds(
        Point, _coordinate(shape[0]), _coordinate(shape[1]), st.booleans()
    )
    scribbles = st.builds(Scribble, path, st.booleans())
    candidates = st.builds(Candidate, st.integers(0, 2))
    return st.one_of(
        points, boxes(shape), polygons(shape), scribbles, masks(shape), candidates
    )


def prompts(shape: tuple[int, int] = (48, 64)) -> st.SearchStrategy[Prompts]:
    """Prompts about one object in a plane, perhaps none."""
    items = st.lists(any_prompt(shape), max_size=6).map(tuple)
    return st.builds(Prompts, items)


def answerable(shape: tuple[int, int] = (48, 64)) -> st.SearchStrategy[Prompts]:
    """Prompts that begin with a positive one."""
    position = st.tuples(_coordinate(shape[0]), _coordinate(shape[1]))
    first = position.map(lambda p: Prompts().point(*p))
    return st.builds(lambda a, b: a + b, first, prompts(shape))
