"""The prompts about one object in one plane, in order.

Coordinates are ``(row, col)``; the conventions stand once, in
`napari_sam.core.prompts.items`. Prompts are kept as they were given; what a model
takes is computed in `napari_sam.core.prompts.model_prompts`, just before decoding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property, update_wrapper
from hashlib import blake2b
from math import isfinite
from types import MethodType
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts import codec
from napari_sam.core.prompts.items import (
    Box,
    Candidate,
    MaskPrompt,
    Point,
    Polygon,
    Prompt,
    Scribble,
    bounds,
    is_positive,
    shifted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import ArrayLike

P = ParamSpec("P")


class _Saying(Generic[P]):
    """A method that also starts a sentence: on the class, it is on `Prompts()`."""

    def __init__(self, method: Callable[Concatenate[Prompts, P], Prompts]) -> None:
        self._method = method
        update_wrapper(self, method)  # type: ignore[arg-type]

    def __get__(
        self, instance: Prompts | None, owner: type[Prompts]
    ) -> Callable[P, Prompts]:
        return MethodType(self._method, owner() if instance is None else instance)


@dataclass(frozen=True)
class Prompts:
    """The prompts of one object in one plane, and the threshold of its mask.

    A value: hashable, comparable, printable. "Changing" prompts makes new ones, so
    undo is keeping the old value and "did they change?" is ``!=``.

    Attributes
    ----------
    items
        The prompts, in order.
    threshold
        Logits above this are the object: less of it where it is higher.

    Examples
    --------
    >>> prompts = Prompts().point(120, 85).point(140, 30, positive=False)
    >>> prompts == Prompts.point(120, 85) + Prompts.point(140, 30, positive=False)
    True
    """

    items: tuple[Prompt, ...] = ()
    threshold: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "items", tuple(self.items))
        if not isfinite(self.threshold):
            raise PromptError(
                f"threshold={self.threshold}: it must be a finite number, of logits."
            )

    @_Saying
    def point(self, row: float, col: float, *, positive: bool = True) -> Prompts:
        """And this pixel belongs to it (or does not)."""
        return self._with(Point(row, col, bool(positive)))

    @_Saying
    def rectangle(
        self, top: float, left: float, bottom: float, right: float
    ) -> Prompts:
        """And it fills this box, half-open like a slice."""
        return self._with(Box(top, left, bottom, right))

    @_Saying
    def polygon(
        self, vertices: Iterable[Iterable[float]], *, positive: bool = True
    ) -> Prompts:
        """And this outline encloses it (or something else)."""
        return self._with(Polygon(vertices, bool(positive)))  # type: ignore[arg-type]

    @_Saying
    def scribble(
        self, path: Iterable[Iterable[float]], *, positive: bool = True
    ) -> Prompts:
        """And this line runs inside it (or outside)."""
        return self._with(Scribble(path, bool(positive)))  # type: ignore[arg-type]

    @_Saying
    def from_mask(self, mask: ArrayLike, *, top: int = 0, left: int = 0) -> Prompts:
        """And it looks roughly like this."""
        return self._with(MaskPrompt.from_array(mask, top=top, left=left))

    @_Saying
    def choose(self, index: int) -> Prompts:
        """And of the candidates so far, best first, the `index`-th is meant."""
        return self._with(Candidate(int(index)))

    def _with(self, prompt: Prompt) -> Prompts:
        return replace(self, items=(*self.items, prompt))

    def __add__(self, other: Prompts) -> Prompts:
        """First these prompts, then those; the last threshold that was set counts."""
        return Prompts(self.items + other.items, other.threshold or self.threshold)

    def __bool__(self) -> bool:
        """Whether anything says where the object is."""
        return any(is_positive(s) for s in self.items)

    @property
    def points(self) -> tuple[Point, ...]:
        """The clicks."""
        return tuple(s for s in self.items if isinstance(s, Point))

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes."""
        return tuple(s for s in self.items if isinstance(s, Box))

    @property
    def anchor(self) -> tuple[float, float]:
        """Where the object was first said to be, as ``(row, col)``."""
        first = next((s for s in self.items if is_positive(s)), None)
        around = None if first is None else bounds(first)
        if around is None:
            raise PromptError(
                "Nothing says where the object is. Give a positive point, a box, "
                "a polygon, a scribble or a mask."
            )
        return around.center

    @property
    def bounds(self) -> Box | None:
        """The box around everything said positively, or None."""
        around: Box | None = None
        for one in (bounds(s) for s in self.items if is_positive(s)):
            if one is not None:
                around = one if around is None else around.union(one)
        return around

    def shifted(self, rows: float, cols: float) -> Prompts:
        """Move everything, e.g. from plane to tile."""
        moved = tuple(shifted(s, rows, cols) for s in self.items)
        return replace(self, items=moved)

    def with_threshold(self, threshold: float) -> Prompts:
        """Return the same prompts for more (lower) or less (higher) of the object."""
        return replace(self, threshold=threshold)

    @cached_property
    def digest(self) -> str:
        """Name of what was said, the same on every machine."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; `from_dict` is the exact inverse."""
        said = [codec.to_dict(s) for s in self.items]
        if not self.threshold:
            return {"version": 1, "said": said}
        return {"version": codec.VERSION, "said": said, "threshold": self.threshold}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Prompts:
        """Inverse of `to_dict`."""
        codec.check_version(data)
        said = tuple(codec.from_dict(s) for s in data["said"])
        return cls(said, data.get("threshold", 0.0))
