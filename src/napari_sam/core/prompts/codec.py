"""Statements as plain JSON types and back: the one schema of prompts."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Scribble,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

#: Raised when a reader of the old schema could misunderstand the new one. Prompts
#: without a threshold are still written as version 1, which they are.
VERSION = 2


def check_version(data: Mapping[str, Any]) -> None:
    """Refuse prompts written by a later version."""
    version = data.get("version", 1)
    if version not in range(1, VERSION + 1):
        raise PromptError(
            f"These prompts have version {version!r} of the schema; this napari-sam "
            f"reads versions 1 to {VERSION}."
        )


def to_runs(mask: NDArray[np.bool_]) -> list[int]:
    """Run lengths, row by row, starting with how many pixels are not set."""
    flat = mask.ravel()
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    edges = [0, *changes.tolist(), flat.size]
    runs = [b - a for a, b in pairwise(edges)]
    return [0, *runs] if flat[0] else runs


def from_runs(runs: Sequence[int], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Inverse of `to_runs`."""
    lengths = np.asarray(runs, np.int64)
    if min(shape) <= 0 or (lengths < 0).any() or lengths.sum() != shape[0] * shape[1]:
        raise PromptError(
            f"The runs of a mask sum to {int(lengths.sum())} pixels; its shape is "
            f"{shape[0]} x {shape[1]}."
        )
    return np.repeat(np.arange(len(lengths)) % 2 == 1, lengths).reshape(shape)


def to_dict(statement: Prompt) -> dict[str, Any]:
    """One statement as plain JSON types."""
    match statement:
        case Point(row, col, positive):
            return {"kind": "point", "row": row, "col": col, "positive": positive}
        case Box(top, left, bottom, right):
            edges = {"top": top, "left": left, "bottom": bottom, "right": right}
            return {"kind": "box", **edges}
        case Polygon(vertices, positive):
            corners = [list(v) for v in vertices]
            return {"kind": "polygon", "vertices": corners, "positive": positive}
        case Scribble(path, positive):
            line = [list(p) for p in path]
            return {"kind": "scribble", "path": line, "positive": positive}
        case MaskPrompt(top, left, mask):
            place = {"top": top, "left": left, "shape": list(mask.shape)}
            return {"kind": "mask", **place, "runs": to_runs(mask)}
        case Candidate(index):
            return {"kind": "choice", "index": index}


def from_dict(data: Mapping[str, Any]) -> Prompt:
    """Inverse of `to_dict`."""
    try:
        return _read(data)
    except KeyError as missing:
        raise PromptError(f"{dict(data)!r} lacks {missing}.") from None
    except PromptError:
        raise
    except (TypeError, AttributeError, ValueError, OverflowError) as wrong:
        raise PromptError(f"{data!r} is not a statement: {wrong}.") from None


def _read(data: Mapping[str, Any]) -> Prompt:
    kind = data["kind"]
    positive = data.get("positive", True)
    if not isinstance(positive, bool):
        raise PromptError(f"positive={positive!r} in {dict(data)!r}: true or false.")
    if not positive and kind in ("box", "mask", "choice"):
        raise PromptError(
            f"A {kind} says what the object is, never what it is not: positive cannot "
            "be false. Use a point, a polygon or a scribble."
        )
    match kind:
        case "point":
            return Point(data["row"], data["col"], positive)
        case "box":
            return Box(*(data[k] for k in ("top", "left", "bottom", "right")))
        case "polygon":
            return Polygon(tuple(data["vertices"]), positive)
        case "scribble":
            return Scribble(tuple(data["path"]), positive)
        case "mask":
            height, width = data["shape"]
            mask = from_runs(data["runs"], (int(height), int(width)))
            return MaskPrompt(int(data["top"]), int(data["left"]), mask)
        case "choice":
            return Candidate(int(data["index"]))
    raise PromptError(
        f"{kind!r} is no kind of statement. Use point, box, polygon, scribble, mask "
        "or choice."
    )
