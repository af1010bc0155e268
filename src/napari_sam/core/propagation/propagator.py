"""Propagators: the protocol of methods of propagation, and the value they pass on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Memory


@dataclass(frozen=True, slots=True)
class PropagatedObject:
    """An object that is propagated: what it is found by on the next frame.

    Attributes
    ----------
    frame
        The frame that it is on.
    mask
        Its pixels there.
    confidence
        Estimate of the IoU with the true mask.
    age
        Frames since a person said where it is.
    trust
        Log-odds of its moved mask, where the method adds them to the model's logits.
    bodies
        On how many frames up to this one its mask covers two bodies, as after a
        division that nobody has told of.
    memories
        What a video model remembers of it, with the frame of each.
    """

    frame: int
    mask: Mask
    confidence: float = 1.0
    age: int = 0
    trust: float = 0.0
    bodies: int = 0
    memories: tuple[tuple[int, Memory], ...] = ()


@runtime_checkable
class Propagator(Protocol):
    """A method of propagation; test yours with `testing.PropagatorTests`."""

    def start(
        self, frame: int, masks: Mapping[int, Mask]
    ) -> dict[int, PropagatedObject]:
        """Begin with objects of a frame whose masks are right."""

    def propagate(
        self,
        objects: Mapping[int, PropagatedObject],
        frame: int,
        taken: Mapping[int, Mask],
    ) -> dict[int, PropagatedObject]:
        """Propagate objects to the next frame.

        Parameters
        ----------
        objects
            By id, all on one frame.
        frame
            A frame before or after theirs.
        taken
            Masks of `frame` that nothing can take pixels from.

        Returns
        -------
        dict
            By id; those that left the image are left out, and no others.
        """


@runtime_checkable
class LearningPropagator(Propagator, Protocol):
    """A propagator that learns from all known masks of a film before it begins."""

    def learn(self, known: Mapping[int, Mapping[int, Mask]]) -> None:
        """Learn from masks that are right, by frame, then by object."""
