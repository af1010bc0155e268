"""Everything: automatic masks to look at, to filter, to reject, and to accept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import (
    AutomaticMasks,
    EverythingSettings,
    FilterSettings,
    InstanceSettings,
    filter_masks,
    iter_everything,
    number_masks,
)
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import Progress
from napari_sam.session.adding_masks import MaskAdder

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic import AutomaticMask
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.image import PromptableImage
    from napari_sam.session.adding_masks import MaskRequest, PreparedMasks
    from napari_sam.session.labels.label_store import LabelStore

FINDING, ACCEPTING = "finding objects", "committing objects"
#: A mask of which more than this share lies on objects is theirs already.
_COVERED = 0.5
#: Masks that are put into the labels at once.
_CHUNK = 1000


@dataclass(frozen=True, eq=False)
class Found:
    """What was found in a plane: all masks, and how much of each is an object already.

    Attributes
    ----------
    frame
        The plane.
    masks
        All of them, before they are filtered.
    covered
        Share of each that lies on objects in the labels.
    """

    frame: int
    masks: AutomaticMasks
    covered: dict[Mask, float]

    def filtered(self, filters: FilterSettings) -> AutomaticMasks:
        """Return the masks that stay, and that are not objects already."""
        stay = filter_masks(self.masks, filters)
        free = [i for i, m in enumerate(stay.masks) if self.covered[m.mask] <= _COVERED]
        return stay.chosen(free)


class Everything:
    """Finds all objects of the plane in view; nothing changes until they are accepted.

    Attributes
    ----------
    filters
        Which of the masks are shown.
    rejected
        Masks that the person does not want.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._found: Found | None = None
        self._stay: AutomaticMasks | None = None
        self.filters = FilterSettings()
        self.rejected: set[Mask] = set()

    @property
    def masks(self) -> tuple[AutomaticMask, ...]:
        """The masks that are shown, and would be accepted."""
        if self._stay is None:
            return ()
        return tuple(m for m in self._stay.masks if m.mask not in self.rejected)

    @property
    def frame(self) -> int | None:
        """The plane that was looked at, or None."""
        return None if self._found is None else self._found.frame

    def find(
        self,
        settings: EverythingSettings | None = None,
        instances: InstanceSettings | None = None,
        *,
        in_view: bool = False,
        within: Mask | None = None,
    ) -> None:
        """Find all objects of the current plane; `events.automatic_changed` tells it.

        Parameters
        ----------
        settings, instances
            By which method, and how instances are cut out.
        in_view
            Only what is in view.
        within
            Only objects whose most central pixel is in this mask.
        """
        from napari_sam.image import PromptableImage

        with self._workspace.events.reporting():
            session, view = self._workspace.require_model(), self._workspace.view
            image, frame = session.image, session.current.frame
            if view is None or not isinstance(image, PromptableImage):
                raise SessionError("There is no image in which to find objects.")
            region = view.region_in_view() if in_view else None
            self.discard()
            steps = _iter_found(
                image,
                frame,
                session.state.labels,
                settings or EverythingSettings(),
                instances or InstanceSettings(),
                region,
                within,
            )
            self._workspace.tasks.run(FINDING, steps, self._on_found)

    def filter(self, filters: FilterSettings) -> None:
        """Show the masks that stay with other thresholds; the model is not asked."""
        self.filters = filters
        if self._found is not None:
            self._stay = self._found.filtered(filters)
            self._workspace.events.automatic_changed.emit()

    def reject(self, row: float, col: float) -> None:
        """Reject the mask at a position of the plane, or take it again."""
        if self._stay is None:
            return
        under = [m.mask for m in self._stay.masks if m.mask.contains(row, col)]
        if under:
            smallest = min(under, key=lambda mask: mask.area)
            self.rejected ^= {smallest}
            self._workspace.events.automatic_changed.emit()

    def accept(self) -> None:
        """Commit the masks that are shown as new objects, in one step of undo."""
        with self._workspace.events.reporting():
            session, masks = self._workspace.require_session(), self.masks
            if not masks or self._found is None:
                raise SessionError("There are no masks to accept: find objects first.")
            chosen = AutomaticMasks(masks, self._found.masks.plane_shape)
            first = session.state.free_id()
            numbered = number_masks(chosen, frame=self._found.frame, first=first)
            # What is there keeps its pixels, and so do smaller masks: they come first.
            smallest_first = list(reversed(numbered.items()))
            chunks = [
                {at: one.mask for at, one in smallest_first[i : i + _CHUNK]}
                for i in range(0, len(numbered), _CHUNK)
            ]
            self.discard()
            self._add(MaskAdder(session, overlap="keep"), chunks, len(numbered))

    def discard(self) -> None:
        """Forget what was found."""
        self._found = self._stay = None
        self.rejected.clear()
        self._workspace.events.automatic_changed.emit()

    def _on_found(self, found: Found) -> None:
        self._found, self._stay = found, found.filtered(self.filters)
        count = len(self._stay)
        text = f"{count} object{'s' * (count != 1)} found"
        if not count and len(found.masks):
            text = f"{len(found.masks)} masks found, but none passes the filters"
        self._workspace.events.message.emit("info", f"{text}.")
        self._workspace.events.automatic_changed.emit()

    def _add(
        self, adder: MaskAdder, chunks: Sequence[Mapping[Address, Mask]], count: int
    ) -> None:
        """Put masks into the labels chunk by chunk; what changes is computed aside."""
        if not chunks:
            objects = f"{count} object{'s' * (count != 1)}"
            self._workspace.events.message.emit("info", f"{objects} committed.")
            return

        def on_prepared(prepared: PreparedMasks) -> None:
            with self._workspace.events.reporting():
                adder.add(prepared)
                self._add(adder, chunks[1:], count)

        steps = _iter_prepared(adder.request(chunks[0]))
        self._workspace.tasks.run(ACCEPTING, steps, on_prepared)


def _iter_found(
    image: PromptableImage,
    frame: int,
    labels: LabelStore,
    settings: EverythingSettings,
    instances: InstanceSettings,
    region: Region | None,
    within: Mask | None,
) -> Generator[Progress, None, Found]:
    """Find the masks of a plane, and what of them is in the labels."""
    masks = yield from iter_everything(
        image,
        frame,
        settings=settings,
        instances=instances,
        region=region,
        within=within,
    )
    covered = {
        one.mask: _share_on_objects(one.mask, labels, frame) for one in masks.masks
    }
    return Found(frame, masks, covered)


def _share_on_objects(mask: Mask, labels: LabelStore, frame: int) -> float:
    if not mask:
        return 0.0
    there = labels.read(frame, mask.region) != 0
    return float(np.count_nonzero(there & mask.array) / mask.area)


def _iter_prepared(request: MaskRequest) -> Generator[Progress, None, PreparedMasks]:
    """Compute what masks change, as one step."""
    yield Progress(0, 1, ACCEPTING)
    return request()
