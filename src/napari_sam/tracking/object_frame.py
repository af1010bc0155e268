"""An object on one frame, as propagation passes it on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.progress import Progress
from napari_sam.tracking.track_segment import State

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from napari_sam.core.mask import Mask


class ObjectFrame(NamedTuple):
    """An object on one frame.

    Attributes
    ----------
    mask
        Its pixels; None where it is absent.
    state
        How that is known.
    confidence
        Estimate of the IoU with the true mask, 0 to 1.
    flagged
        Whether a person should look at it.
    divides
        Whether the object seems to have divided here.
    """

    mask: Mask | None
    state: State = State.PROPAGATED
    confidence: float = 1.0
    flagged: bool = False
    divides: bool = False


@dataclass(frozen=True, slots=True)
class PropagationProgress(Progress):
    """How far propagation is, and what is known for good since the last step.

    Attributes
    ----------
    finished
        Objects by frame, then by id. One frame may come twice, with other objects.
    removed
        Ids by frame of objects of corrected tracks that are not there any more.
    """

    finished: Mapping[int, Mapping[int, ObjectFrame]] = field(default_factory=dict)
    removed: Mapping[int, Collection[int]] = field(default_factory=dict)
