"""Adding masks made elsewhere: what changes is computed beside the session's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.session.actions.add_masks import AddMasks
from napari_sam.session.edits.label_edits import check_mask, check_overlap
from napari_sam.session.labels.label_store import check_fits
from napari_sam.session.labels.patch import LabelPatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.propagation import ObjectState
    from napari_sam.session.document import Document
    from napari_sam.session.edits.label_edits import Overlap
    from napari_sam.session.labels.label_store import LabelStore

#: What masks may be given as.
AnyMask: TypeAlias = "Mask | Prediction"

#: Pixels around masks that are put together, unless a single one has more.
_MOST_PIXELS = 1 << 22
#: Masks are put together where the region around them is so many times theirs at most.
_SPARSE = 16
#: Side of the blocks that the patches of many masks are cut into.
_BLOCK = 256


class _Placement(NamedTuple):
    """A mask, and where its object lies in the frame until now."""

    at: Address
    mask: AnyMask
    before: Region | None


@dataclass(frozen=True, slots=True, eq=False)
class MaskRequest:
    """Masks to be put into the labels: it holds all that is needed.

    Attributes
    ----------
    labels
        The labels, which are only read.
    masks
        The masks, in the order in which they are put.
    before
        Where their objects lie until now.
    overlap
        What may happen to other objects under the new masks.
    approved
        Objects that are protected, by frame.
    versions
        Of the frames: a change of the labels meanwhile is noticed by them.
    tracked
        What is known of masks that were propagated. What their objects had on these
        frames goes before any of them is drawn; an empty mask only takes it away.
    """

    labels: LabelStore
    masks: Mapping[Address, AnyMask]
    before: Mapping[Address, Region]
    overlap: Overlap
    approved: Mapping[int, frozenset[int]]
    versions: Mapping[int, int]
    tracked: Mapping[Address, ObjectState] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        document: Document,
        masks: Mapping[Address, AnyMask],
        overlap: Overlap,
        tracked: Mapping[Address, ObjectState] | None = None,
    ) -> MaskRequest:
        """Freeze what is known of the objects.

        Masks of approved ones are left out, and propagated ones where a person has
        said where the object is.
        """
        check_overlap(overlap)
        state, tracked = document.state, tracked or {}
        frames = dict.fromkeys(at.frame for at in masks)
        approved = {frame: state.approved_on(frame) for frame in frames}
        free = {
            at: mask
            for at, mask in masks.items()
            if at.object_id not in approved[at.frame]
            and not (at in tracked and state.is_decided(at))
        }
        there = ((at, state.footprints.get(at)) for at in free)
        before = {at: here.region for at, here in there if here is not None}
        versions = {at.frame: state.labels.version(at.frame) for at in free}
        known = {at: tracked[at] for at in free if at in tracked}
        return cls(state.labels, free, before, overlap, approved, versions, known)

    def __call__(self) -> PreparedMasks:
        """Compute the patches, on any thread.

        Raises
        ------
        SessionError
            If a mask is empty.
        """
        by_frame: dict[int, list[_Placement]] = {frame: [] for frame in self.versions}
        for at, mask in self.masks.items():
            placement = _Placement(at, mask, self.before.get(at))
            by_frame[at.frame].append(placement)
        patches: list[LabelPatch] = []
        placed: dict[int, None] = {}
        for frame, placements in by_frame.items():
            patches += self._patches(frame, placements, placed)
        tracked = tuple(self.tracked.items())
        return PreparedMasks(self, AddMasks(tuple(patches), tuple(placed), tracked))

    def _patches(
        self, frame: int, placements: Sequence[_Placement], placed: dict[int, None]
    ) -> list[LabelPatch]:
        """Return the patches of a frame; objects that get pixels go to `placed`."""
        made: list[LabelPatch] = []
        if self.tracked:
            made += self._erased(frame, placements)
            placements = [p for p in placements if p.mask.area]
        for region, group in _groups(placements) if placements else ():
            before = self._read(frame, region, made)
            check_fits(max(one.at.object_id for one in group), before.dtype)
            after = before.copy()
            for placement in group:
                if _place(after, region, placement, self):
                    placed[placement.at.object_id] = None
            made += _patches_in_blocks(frame, region, before, after)
        return made

    def _erased(self, frame: int, placements: Sequence[_Placement]) -> list[LabelPatch]:
        """Return the patches that take away what objects had on a frame."""
        made = []
        for at, _, before in placements:
            if before is not None:
                labels = self.labels.read(frame, before)
                after = np.where(labels == at.object_id, 0, labels)
                made.append(LabelPatch.between(frame, before, labels, after))
        return [patch for patch in made if patch is not None]

    def _read(
        self, frame: int, region: Region, patches: Sequence[LabelPatch]
    ) -> NDArray[np.integer]:
        """Return the labels of a region, as they are after patches of the frame."""
        labels = self.labels.read(frame, region)
        for patch in patches:
            common = patch.region.intersection(region)
            if min(common.shape) > 0:
                inside = common.shifted(-patch.region.top, -patch.region.left)
                changed = patch.changed
                values = np.zeros(patch.region.shape, labels.dtype)
                values[changed] = patch.after.expand()
                here = labels[common.shifted(-region.top, -region.left).slices]
                where = changed[inside.slices]
                here[where] = values[inside.slices][where]
        return labels


@dataclass(frozen=True, slots=True, eq=False)
class PreparedMasks:
    """Patches of masks, and the request that they belong to."""

    request: MaskRequest
    action: AddMasks

    def is_current(self, document: Document) -> bool:
        """Whether labels, tracks and approvals are those that the patches depend on."""
        request, state = self.request, document.state
        return not any(map(state.is_decided, request.tracked)) and all(
            state.labels.version(frame) == version
            and state.approved_on(frame) == request.approved[frame]
            for frame, version in request.versions.items()
        )


class MaskAdder:
    """Puts masks into the labels of a document, chunk by chunk, as one step of undo.

    Parameters
    ----------
    document
        The session.
    overlap
        ``"keep"`` leaves the pixels of other objects alone; ``"overwrite"`` takes
        them, except those of approved objects.

    Attributes
    ----------
    group
        The group of its steps: others in it are undone with them.

    Examples
    --------
    ``request`` and ``add`` belong to the session's thread; calling a request belongs to
    any other one::

        adder = MaskAdder(session)
        for chunk in chunks:
            request = adder.request(chunk)
            adder.add(executor.submit(request).result())
    """

    def __init__(self, document: Document, *, overlap: Overlap = "keep") -> None:
        self._document, self._overlap = document, overlap
        self.group = document.history.new_group()

    def request(
        self,
        masks: Mapping[Address, AnyMask],
        tracked: Mapping[Address, ObjectState] | None = None,
    ) -> MaskRequest:
        """Freeze a chunk of masks, and what is known of their objects.

        Parameters
        ----------
        masks
            By address.
        tracked
            Of masks that were propagated, how far they are to be trusted.
        """
        return MaskRequest.of(self._document, masks, self._overlap, tracked)

    def add(self, prepared: PreparedMasks) -> None:
        """Write patches; those that are out of date are computed again first."""
        if not prepared.is_current(self._document):
            request = prepared.request
            prepared = self.request(request.masks, request.tracked)()
        action = prepared.action
        if action.patches or action.ids or action.tracked:
            edits = action.edits_as_prepared(self._document.state)
            self._document.execute(action, group=self.group, edits=edits)


def _groups(
    placements: Sequence[_Placement],
) -> Iterator[tuple[Region, list[_Placement]]]:
    """Masks in order, with a region around: together, or one by one if far apart."""
    reaches = [_reach(placement) for placement in placements]
    most = _MOST_PIXELS if _are_dense(reaches) else 0
    group: list[_Placement] = []
    around = Region(0, 0, 0, 0)
    for placement, reach in zip(placements, reaches, strict=True):
        wider = _union(around, reach) if group else reach
        if group and _pixels(wider) > most:
            yield around, group
            group, wider = [], reach
        group.append(placement)
        around = wider
    if group:
        yield around, group


def _are_dense(regions: Sequence[Region]) -> bool:
    """Whether regions fill much of what lies around them all."""
    around = reduce(_union, regions)
    return _pixels(around) < _SPARSE * sum(map(_pixels, regions))


def _pixels(region: Region) -> int:
    return region.shape[0] * region.shape[1]


def _patches_in_blocks(
    frame: int,
    around: Region,
    before: NDArray[np.integer],
    after: NDArray[np.integer],
) -> Iterator[LabelPatch]:
    """Patches of what changed, block by block: what lies between is not touched."""
    for top in range(0, before.shape[0], _BLOCK):
        for left in range(0, before.shape[1], _BLOCK):
            here = slice(top, top + _BLOCK), slice(left, left + _BLOCK)
            old, new = before[here], after[here]
            region = Region(top, left, top + old.shape[0], left + old.shape[1])
            patch = LabelPatch.between(
                frame, region.shifted(around.top, around.left), old, new
            )
            if patch is not None:
                yield patch


def _reach(placement: _Placement) -> Region:
    """Return the region in which a mask may change labels."""
    check_mask(placement.at, placement.mask)
    region = placement.mask.region
    return region if placement.before is None else _union(region, placement.before)


def _union(a: Region, b: Region) -> Region:
    return Region(
        min(a.top, b.top),
        min(a.left, b.left),
        max(a.bottom, b.bottom),
        max(a.right, b.right),
    )


def _place(
    labels: NDArray[np.integer],
    around: Region,
    placement: _Placement,
    request: MaskRequest,
) -> bool:
    """Draw a mask in place of what the object had. False if no pixel of it is free."""
    at, mask, before = placement
    here = labels[mask.region.shifted(-around.top, -around.left).slices]
    if request.overlap == "keep":
        free = here == 0
    else:
        free = ~np.isin(here, list(request.approved[at.frame]))
    pixels = mask.array if isinstance(mask, Mask) else mask.mask
    drawn = pixels & (free | (here == at.object_id))
    if not drawn.any():
        return False
    if before is not None:
        old = labels[before.shifted(-around.top, -around.left).slices]
        old[old == at.object_id] = 0
    here[drawn] = at.object_id
    return True
