"""Sweeps: objects propagated along a line of frames, forward and then backward."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.tracking.meeting import meet
from napari_sam.tracking.motion.moving import tile_of_mask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from napari_sam.core.mask import Mask
    from napari_sam.core.propagation import PropagatedObject, Propagator
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.object_frame import ObjectFrame
    from napari_sam.tracking.spans import Span

#: Objects by position along the line, then by id.
ByPosition: TypeAlias = "dict[int, dict[int, PropagatedObject]]"


@dataclass(frozen=True, slots=True)
class Line:
    """Frames along an axis, and what is known of them.

    Attributes
    ----------
    frames
        In order.
    anchors
        Objects by position, then by id.
    spans
        What is to be filled, and what is known to be empty.
    fixed
        Returns the masks of other objects at a position, which nothing may change.
    """

    frames: Sequence[int]
    anchors: Mapping[int, Mapping[int, ObjectFrame]]
    spans: Sequence[Span]
    fixed: Callable[[int], Mapping[int, Mask]]

    @property
    def steps(self) -> int:
        """Positions at which both sweeps propagate something."""
        ways = [_positions(self.spans, forward=way) for way in (True, False)]
        return sum(map(len, ways))


@dataclass(slots=True)
class Sweep:
    """A sweep along a line: what is propagated, and what the two runs found so far."""

    image: PromptableImage
    method: Propagator
    line: Line
    _known: dict[int, dict[int, Mask]] = field(default_factory=dict)
    _waiting: dict[Span, dict[int, PropagatedObject]] = field(default_factory=dict)

    def run(self) -> Iterator[ByPosition]:
        """Propagate all objects; yield what is known for good after each position."""
        with Ahead(self.image) as ahead:
            yield from self._forward(ahead)
            yield from self._backward(ahead)

    def _forward(self, ahead: Ahead) -> Iterator[ByPosition]:
        """Go up. What both ends fill waits; the rest is known for good."""
        needed = max((s.last for s in self.line.spans if s.backward), default=-1)
        for at, found in self._propagated(ahead, forward=True):
            final: dict[int, PropagatedObject] = {}
            for span, propagated in found.items():
                if span.meets:
                    kept = replace(propagated, memories=())
                    self._waiting.setdefault(span, {})[at] = kept
                else:
                    final[span.object_id] = propagated
            if at <= needed:
                self._known[at] = {i: o.mask for i, o in final.items()}
            yield {at: final}

    def _backward(self, ahead: Ahead) -> Iterator[ByPosition]:
        """Go down. A span that both ends fill is known when its first frame is."""
        runs: dict[Span, dict[int, PropagatedObject]] = {}
        for at, found in self._propagated(ahead, forward=False):
            final: ByPosition = {at: {}}
            for span, propagated in found.items():
                if span.meets:
                    runs.setdefault(span, {})[at] = replace(propagated, memories=())
                else:
                    final[at][span.object_id] = propagated
            for span in [s for s in self.line.spans if s.meets and s.first == at]:
                both = meet(self._waiting.pop(span, {}), runs.pop(span, {}))
                for position, propagated in both.items():
                    final.setdefault(position, {})[span.object_id] = propagated
            yield final

    def _propagated(
        self, ahead: Ahead, *, forward: bool
    ) -> Iterator[tuple[int, dict[Span, PropagatedObject]]]:
        """Propagate the objects of spans one way, position by position."""
        spans = [s for s in self.line.spans if (s.forward if forward else s.backward)]
        going: dict[Span, PropagatedObject] = {}
        order = _positions(self.line.spans, forward=forward)
        for step, at in enumerate(order):
            going = {s: o for s, o in going.items() if s.first <= at <= s.last}
            going |= self._starting(spans, at, forward=forward)
            if step + 1 < len(order):
                masks = [o.mask for o in going.values()]
                ahead.embed(self.line.frames[order[step + 1]], masks)
            going = self._step(going, at)
            yield at, going

    def _starting(
        self, spans: Sequence[Span], at: int, *, forward: bool
    ) -> dict[Span, PropagatedObject]:
        """Begin the spans whose anchor was passed just before a position."""
        found: dict[Span, PropagatedObject] = {}
        mine = [s for s in spans if (s.first if forward else s.last) == at]
        by_anchor: dict[int, dict[int, Span]] = {}
        for span in mine:
            anchor = _anchor(self.line.anchors, span, forward=forward)
            by_anchor.setdefault(anchor, {})[span.object_id] = span
        for anchor, starting in by_anchor.items():
            masks = {
                i: mask
                for i in starting
                if (mask := self.line.anchors[anchor][i].mask) is not None
            }
            begun = self.method.start(self.line.frames[anchor], masks)
            found |= {starting[i]: o for i, o in begun.items()}
        return found

    def _step(
        self, going: Mapping[Span, PropagatedObject], at: int
    ) -> dict[Span, PropagatedObject]:
        """Propagate objects to a position; those from other frames, in turn."""
        spans = {s.object_id: s for s in going}
        taken = self._taken(at, set(spans))
        found: dict[Span, PropagatedObject] = {}
        for source in dict.fromkeys(o.frame for o in going.values()):
            some = {s.object_id: o for s, o in going.items() if o.frame == source}
            propagated = self.method.propagate(some, self.line.frames[at], taken)
            found |= {spans[i]: o for i, o in propagated.items()}
            taken |= {i: o.mask for i, o in propagated.items()}
        return found

    def _taken(self, at: int, going: set[int]) -> dict[int, Mask]:
        """Masks of a position that propagated objects cannot take pixels from."""
        anchors = self.line.anchors.get(at, {})
        decided = {i: o.mask for i, o in anchors.items() if o.mask is not None}
        taken = {**self.line.fixed(at), **self._known.get(at, {}), **decided}
        return {i: mask for i, mask in taken.items() if i not in going}


class Ahead:
    """A thread that embeds the next frame while masks of this one are decoded."""

    def __init__(self, image: PromptableImage) -> None:
        self._image = image
        self._pool = ThreadPoolExecutor(1)
        self._waiting: Future[None] | None = None

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def embed(self, frame: int, masks: Sequence[Mask]) -> None:
        """Wait for the frame before, and begin with the tiles of masks on this one."""
        if self._waiting is not None:
            self._waiting.result()
        self._waiting = self._pool.submit(self._embed, frame, masks)

    def _embed(self, frame: int, masks: Sequence[Mask]) -> None:
        for tile in dict.fromkeys(tile_of_mask(self._image, mask) for mask in masks):
            self._image.embedding(frame, tile)


def _positions(spans: Sequence[Span], *, forward: bool) -> list[int]:
    """Positions that any span is filled at one way, in the order of the way."""
    found = {
        at
        for s in spans
        if (s.forward if forward else s.backward)
        for at in range(s.first, s.last + 1)
    }
    return sorted(found, reverse=not forward)


def _anchor(
    anchors: Mapping[int, Mapping[int, ObjectFrame]], span: Span, *, forward: bool
) -> int:
    """Return the position of the anchor that a span begins from."""
    own = [at for at, objects in anchors.items() if span.object_id in objects]
    if forward:
        return max(at for at in own if at < span.first)
    return min(at for at in own if at > span.last)
