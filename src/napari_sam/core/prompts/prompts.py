"""The prompts about one object in one plane, in order.

Coordinates are ``(row, col)``; the conventions stand once, in
`napari_sam.core.prompts.items`. Prompts stay as they were given; what a model takes is
computed in `napari_sam.core.prompts.model_prompts`, just before decoding.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from math import isfinite
from types import MethodType
from typing import TYPE_CHECKING, Concatenate, Generic, ParamSpec

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
    shifted,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import ArrayLike

    from napari_sam.core.json_values import JsonObject

P = ParamSpec("P")

#: No logit is this large; single precision still holds it.
_HIGHEST = 1e9


class _Builder(Generic[P]):
    """A method that adds a prompt, and on the class itself begins with no prompts.

    ``Prompts.point(1, 2)`` and ``Prompts.point(1, 2).point(3, 4)`` are one name of the
    public interface. A class method would lose what came before, a plain method could
    not begin, and a metaclass would hide the same choice farther away.
    """

    def __init__(self, method: Callable[Concatenate[Prompts, P], Prompts]) -> None:
        self._method, self.__doc__ = method, method.__doc__

    def __get__(
        self, given: Prompts | None, owner: type[Prompts]
    ) -> Callable[P, Prompts]:
        return MethodType(self._method, owner() if given is None else given)


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
        if not (isfinite(self.threshold) and abs(self.threshold) <= _HIGHEST):
            raise PromptError(
                f"threshold={self.threshold}: it must be a finite number, of logits."
            )

    @_Builder
    def point(self, row: float, col: float, *, positive: bool = True) -> Prompts:
        """Add a point: this pixel belongs to the object (or does not)."""
        return self._with(Point(row, col, bool(positive)))

    @_Builder
    def rectangle(
        self, top: float, left: float, bottom: float, right: float
    ) -> Prompts:
        """Add the box around the object, half-open like a slice."""
        return self._with(Box(top, left, bottom, right))

    @_Builder
    def polygon(
        self, vertices: Iterable[Iterable[float]], *, positive: bool = True
    ) -> Prompts:
        """Add a polygon that encloses the object (or something else)."""
        return self._with(Polygon(vertices, bool(positive)))  # type: ignore[arg-type]

    @_Builder
    def scribble(
        self, path: Iterable[Iterable[float]], *, positive: bool = True
    ) -> Prompts:
        """Add a scribble: this line runs inside the object (or outside)."""
        return self._with(Scribble(path, bool(positive)))  # type: ignore[arg-type]

    @_Builder
    def from_mask(
        self,
        mask: ArrayLike,
        *,
        top: int = 0,
        left: int = 0,
        approximate: bool = False,
    ) -> Prompts:
        """Add a rough mask of the object; see `MaskPrompt` for `approximate`."""
        prompt = MaskPrompt.from_array(
            mask, top=top, left=left, approximate=approximate
        )
        return self._with(prompt)

    @_Builder
    def choose(self, index: int) -> Prompts:
        """Choose the `index`-th candidate of the mask so far, best first."""
        return self._with(Candidate(int(index)))

    def _with(self, prompt: Prompt) -> Prompts:
        return replace(self, items=(*self.items, prompt))

    def __add__(self, other: Prompts) -> Prompts:
        """First these prompts, then those; the last threshold that was set counts."""
        return Prompts(self.items + other.items, other.threshold or self.threshold)

    def __bool__(self) -> bool:
        """Whether any prompt is positive."""
        return any(p.positive for p in self.items)

    @property
    def points(self) -> tuple[Point, ...]:
        """The points."""
        return tuple(p for p in self.items if isinstance(p, Point))

    @property
    def boxes(self) -> tuple[Box, ...]:
        """The boxes."""
        return tuple(p for p in self.items if isinstance(p, Box))

    @property
    def anchor(self) -> tuple[float, float]:
        """The middle of the first positive prompt, as ``(row, col)``."""
        around = next((bounds(p) for p in self.items if p.positive), None)
        if around is None:
            raise PromptError(
                "No prompt is on the object. Give a positive point, a box, "
                "a polygon, a scribble or a mask."
            )
        return around.center

    @property
    def bounds(self) -> Box | None:
        """The box around all positive prompts, or None."""
        around: Box | None = None
        for one in (bounds(p) for p in self.items if p.positive):
            if one is not None:
                around = one if around is None else around.union(one)
        return around

    def shifted(self, rows: float, cols: float) -> Prompts:
        """Move all prompts, e.g. from plane to tile."""
        moved = tuple(shifted(p, rows, cols) for p in self.items)
        return replace(self, items=moved)

    def with_threshold(self, threshold: float) -> Prompts:
        """Return the same prompts for more (lower) or less (higher) of the object."""
        return replace(self, threshold=threshold)

    @cached_property
    def digest(self) -> str:
        """Digest of the prompts, the same on every machine and in every version.

        It is made from the first schema, so that a later one empties no cache.
        """
        data: dict[str, object] = {
            "version": 1,
            "said": [codec.to_dict(p, version=1) for p in self.items],
        }
        if self.threshold:
            data |= {"version": 2, "threshold": self.threshold}
        text = json.dumps(data, sort_keys=True, separators=(",", ":"))
        return blake2b(text.encode(), digest_size=16).hexdigest()

    def to_dict(self) -> dict[str, object]:
        """Plain JSON types; `from_dict` is the exact inverse."""
        items = [codec.to_dict(p) for p in self.items]
        return {
            "version": codec.VERSION,
            "items": items,
            "threshold": self.threshold,
        }

    @classmethod
    def from_dict(cls, data: JsonObject) -> Prompts:
        """Inverse of `to_dict`."""
        codec.check_version(data)
        items = tuple(codec.from_dict(p) for p in codec.items_of(data))
        return cls(items, data.get("threshold", 0.0))
