"""A run of propagation: frames go from the thread that finds them to the session."""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.annotator.tracking.session_tracks import tracks_of
from napari_sam.core.address import Address
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress
from napari_sam.core.propagation import ObjectState, State
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.tracking import iter_propagate

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.core.geometry.region import Region
    from napari_sam.image import PromptableImage
    from napari_sam.session import AnnotationSession
    from napari_sam.session.adding_masks import MaskRequest, PreparedMasks
    from napari_sam.tracking import ObjectFrame, PropagateSettings, PropagationProgress

#: Masks that come together, and what is known of each.
Arrived: TypeAlias = "tuple[dict[Address, Mask], dict[Address, ObjectState]]"


#: Share of the work after which the time that is left can be told.
_KNOWN = 0.02


class PropagationRun:
    """Frames that were found, on their way into a session; one step of undo.

    `steps` is gone through by another thread; all else belongs to the session's.

    Parameters
    ----------
    session
        What is propagated; it is looked at now, not later.
    seeds
        Frames from which objects are propagated.

    Attributes
    ----------
    is_over
        Whether no more frames come.
    reported
        Whether the person was told so.
    """

    def __init__(self, session: AnnotationSession, seeds: Sequence[Address]) -> None:
        self._labels = session.state.labels
        self._tracks = tracks_of(session)
        footprints = session.state.footprints
        there = {at: footprints.get(at) for at in seeds}
        self._seeds = {at: None if f is None else f.region for at, f in there.items()}
        self._adder = MaskAdder(session)
        self._arrived: deque[Arrived] = deque()
        self._storing = self._forgotten = False
        self._frames: set[int] = set()
        self._flagged = 0
        self.is_over = self.reported = False

    @property
    def is_storing(self) -> bool:
        """Whether frames that came are being put into the labels."""
        return self._storing

    def steps(
        self,
        image: PromptableImage,
        frames: tuple[int, int] | None,
        settings: PropagateSettings,
    ) -> Generator[Progress, None, None]:
        """Propagate the objects; masks that are found wait to be stored."""
        yield Progress(0, 0, "embedding the first frame")
        seeds = {at: self._mask(at, region) for at, region in self._seeds.items()}
        began = monotonic()
        work = iter_propagate(
            image,
            seeds,
            axis=self._tracks.axis,
            frames=frames,
            settings=settings,
            tracks=self._tracks,
        )
        for step in work:
            self._arrived.append(_arrived(step))
            left = _time_left(step, monotonic() - began)
            yield Progress(step.done, step.total, left)

    def request(self) -> MaskRequest | None:
        """Freeze what has come; None if that is nothing, or some is being stored."""
        masks: dict[Address, Mask] = {}
        tracked: dict[Address, ObjectState] = {}
        while self._arrived and not self._storing:
            more, known = self._arrived.popleft()
            masks |= more
            tracked |= known
        if not masks:
            return None
        self._storing = True
        return self._adder.request(masks, tracked)

    def add(self, prepared: PreparedMasks) -> None:
        """Put what was computed into the labels."""
        self._storing = False
        if not self._forgotten:
            known = prepared.request.tracked
            self._frames.update(at.frame for at in known)
            self._flagged += sum(one.flagged for one in known.values())
            self._adder.add(prepared)

    def forget(self) -> None:
        """Store no more: what was stored is being taken back."""
        self._arrived.clear()
        self._forgotten = self.reported = True

    def summary(self) -> str:
        """Return the objects, frames and flagged masks of the run, as a sentence."""
        objects = len({at.object_id for at in self._seeds})
        count = f"{objects} object{'s' * (objects != 1)}"
        frames = f"{len(self._frames)} frame{'s' * (len(self._frames) != 1)}"
        doubt = f" {self._flagged} masks are flagged." if self._flagged > 1 else ""
        doubt = " 1 mask is flagged." if self._flagged == 1 else doubt
        return f"Propagated {count} to {frames}.{doubt}"

    def _mask(self, at: Address, region: Region | None) -> Mask | None:
        if region is None:
            return None
        there = self._labels.read(at.frame, region)
        return Mask.from_label(there, at.object_id, top=region.top, left=region.left)


def _arrived(step: PropagationProgress) -> Arrived:
    masks: dict[Address, Mask] = {}
    tracked: dict[Address, ObjectState] = {}
    for frame, ids in step.removed.items():
        for object_id in ids:
            masks[Address(frame, object_id)] = Mask.empty()
            tracked[Address(frame, object_id)] = ObjectState()
    for frame, objects in step.finished.items():
        for object_id, found in objects.items():
            if found.state is State.PROPAGATED:
                at = Address(frame, object_id)
                masks[at] = found.mask or Mask.empty()
                tracked[at] = _known(found)
    return masks, tracked


def _known(found: ObjectFrame) -> ObjectState:
    confidence, flagged = float(found.confidence), bool(found.flagged)
    return ObjectState(found.state, confidence, flagged, found.divides)


def _time_left(step: Progress, passed: float) -> str:
    """Say how long it still takes; nothing before that can be told."""
    if step.done < max(_KNOWN * step.total, 2):
        return ""
    left = round(passed * (step.total - step.done) / step.done)
    if left < 60:
        return f"about {left} s left"
    return f"about {round(left / 60)} min left"
