"""Dividing: one mask over both daughters becomes two, and the division is noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.errors import SessionError
from napari_sam.core.progress import Progress
from napari_sam.image import PromptableImage
from napari_sam.session import actions
from napari_sam.session.labels.patch import LabelPatch
from napari_sam.session.time_axis import lifetime, time_of
from napari_sam.tracking.bodies import Bodies, two_halves
from napari_sam.tracking.motion.tile_views import TileViews

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_sam.annotator.tracking.propagation import Propagation
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.session import AnnotationSession

DIVIDING = "finding both daughters"


class Halves(NamedTuple):
    """A mask, and which of its pixels belong to the second daughter.

    Attributes
    ----------
    mask
        Of both.
    region
        Of the plane.
    second
        ``region.shape``, boolean.
    """

    mask: Mask
    region: Region
    second: NDArray[np.bool_]


class Dividing:
    """Splits a mask that covers both daughters, and propagates each of them.

    Parameters
    ----------
    workspace
        The image, and who does slow work.
    propagation
        Propagates the daughters to the frames after.
    """

    def __init__(self, workspace: Workspace, propagation: Propagation) -> None:
        self._workspace, self._propagation = workspace, propagation

    def divide(self, at: Address) -> None:
        """Split an object on a frame into two daughters of those before.

        The bright bodies in its mask are the daughters; where there are not two, the
        mask is cut across its longest axis. All of it is one step of undo, the frames
        that are propagated afterwards another.
        """
        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            image = session.image
            _check(session, at)
            assert isinstance(image, PromptableImage)
            mask = session.state.labels.mask(at)
            self._workspace.tasks.run(
                DIVIDING,
                _iter_halves(image, mask, at.frame),
                lambda halves: self._on_halves(at, halves),
            )

    def _on_halves(self, at: Address, halves: Halves) -> None:
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            _check(session, at)
            if session.state.labels.mask(at).digest != halves.mask.digest:
                raise SessionError(
                    f"Object {at.object_id} was changed meanwhile: divide it again."
                )
            ids = _divided(session, at, halves)
            one, other = ids
            self._workspace.events.message.emit(
                "info", f"Object {at.object_id} divides into {one} and {other}."
            )
            now = time_of(session.frames, at.frame)
            later = any(lifetime(session.state, i)[1] > now for i in ids)
            if later and self._propagation.propagates_corrections:
                self._propagation.propagate(ids, direction="forward")


def _check(session: AnnotationSession, at: Address) -> None:
    """Refuse what is not there, has nothing before, or is protected."""
    state = session.state
    if at not in state.footprints:
        raise SessionError(
            f"Object {at.object_id} is not on this frame. Go to the first one on which "
            "there are two daughters, and select their mask."
        )
    if lifetime(state, at.object_id)[0] >= time_of(session.frames, at.frame):
        raise SessionError(
            f"Object {at.object_id} begins on this frame: there is no mother before "
            "that could divide. Go to a later frame."
        )
    if at.object_id in state.approved_on(at.frame):
        raise SessionError(
            f"Object {at.object_id} is approved here, and so protected. Take that "
            "approval back first."
        )


def _iter_halves(
    image: PromptableImage, mask: Mask, frame: int
) -> Generator[Progress, None, Halves]:
    yield Progress(0, 0, DIVIDING)
    parts, region = Bodies(image, TileViews(image)).parts(mask, frame)
    return Halves(mask, region, two_halves(parts, mask.in_window(region)))


def _divided(
    session: AnnotationSession, at: Address, halves: Halves
) -> tuple[int, int]:
    """Give one half another number, and note the division; return both daughters."""
    state, group = session.state, session.history.new_group()
    new = state.objects.free_id()
    before = state.labels.read(at.frame, halves.region)
    after = np.where(halves.second, np.asarray(new, before.dtype), before)
    patch = LabelPatch.between(at.frame, halves.region, before, after)
    if patch is None:
        raise SessionError(f"Object {at.object_id} is too small to be split.")
    session.execute(actions.Paint(patch), group=group)
    session.execute(actions.Divide(at.object_id, (new,)), group=group)
    ends = (e.target for e in state.edges if e.source == at.object_id)
    (rest,) = (i for i in ends if i != new)
    # It is no longer known by propagation: a person has said so, and it is a seed.
    decided = actions.ApproveFrames(rest, (at.frame,), approved=False)
    session.execute(decided, group=group)
    return new, rest
