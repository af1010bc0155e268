"""Automatic masks that wait to be accepted: of each plane, with what they lie on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.automatic import (
    AutomaticMasks,
    Candidates,
    EverythingSettings,
    Examples,
    FilterSettings,
    InstanceSettings,
    SimilarSettings,
    TextSettings,
    filter_masks,
    iter_candidates,
    iter_everything,
)
from napari_sam.automatic.descriptors import Descriptors
from napari_sam.automatic.example_masks import described_examples, rows_of
from napari_sam.core.errors import SessionError
from napari_sam.core.mask import Mask
from napari_sam.core.progress import iter_part
from napari_sam.session.edits.outline_edits import cut_along

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from napari_sam.automatic import AutomaticMask
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.progress import Progress
    from napari_sam.image import PromptableImage
    from napari_sam.session.labels.label_store import LabelStore

#: A mask of which more than this share lies on objects is theirs already.
_COVERED = 0.5


@dataclass(frozen=True)
class Limits:
    """Limits that decide which of the masks that were found are shown.

    Attributes
    ----------
    filters
        Scores and sizes.
    similar, examples
        How similar to examples they must be, and these; None for no examples.
    text
        How sure a model of words must be.
    """

    filters: FilterSettings = field(default_factory=FilterSettings)
    similar: SimilarSettings = field(default_factory=SimilarSettings)
    examples: Examples | None = None
    text: TextSettings = field(default_factory=TextSettings)


@dataclass(frozen=True)
class Search:
    """A search for objects: where it looks, and how.

    Attributes
    ----------
    frames
        The planes.
    settings, instances
        By which method, and how instances are cut out.
    region, within
        Only objects whose most central pixel lies here; None for anywhere.
    like, unlike
        Masks of wanted and unwanted objects, by their plane; none for all objects.
    """

    frames: Sequence[int]
    settings: EverythingSettings = field(default_factory=EverythingSettings)
    instances: InstanceSettings = field(default_factory=InstanceSettings)
    region: Region | None = None
    within: Mask | None = None
    like: Mapping[int, Sequence[Mask]] = field(default_factory=dict)
    unlike: Mapping[int, Sequence[Mask]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FoundMasks:
    """What was found in a plane: all masks, and how much of each is an object already.

    Attributes
    ----------
    frame
        The plane.
    candidates
        All of them, before they are filtered; described if there are examples.
    covered
        Share of each that lies on objects in the labels.
    """

    frame: int
    candidates: Candidates
    covered: Mapping[Mask, float]

    def __len__(self) -> int:
        return len(self.candidates.found)

    def filtered(self, limits: Limits) -> AutomaticMasks:
        """Return the masks that stay, and that are not objects already."""
        found = self.candidates.found
        free = [i for i, m in enumerate(found.masks) if is_free(self.covered[m.mask])]
        if limits.examples is None:
            return filter_masks(found.chosen(free), limits.filters)
        rows = self.candidates.descriptors.chosen(free)
        there = Candidates(found.chosen(free), rows)
        return there.filtered(limits.filters).similar(limits.examples, limits.similar)

    def word_of(self, mask: Mask) -> str:
        """Return ``""``: nobody asked for it by words."""
        return ""

    def replaced(self, old: Sequence[AutomaticMask], new: Sequence[Mask]) -> FoundMasks:
        """Put masks that a person made in place of others; they look like the first."""
        found, rows = self.candidates.found, self.candidates.descriptors
        gone = {one.mask for one in old}
        left = [i for i, one in enumerate(found.masks) if one.mask not in gone]
        first = next(i for i, one in enumerate(found.masks) if one.mask in gone)
        made = tuple(made_mask(old[0], mask) for mask in new)
        masks = replace(found, masks=(*found.chosen(left).masks, *made))
        if len(rows):
            rows = rows.chosen([*left, *[first] * len(made)])
        covered = max(self.covered[mask] for mask in gone)
        return replace(
            self,
            candidates=Candidates(masks, rows),
            covered={**self.covered, **dict.fromkeys(new, covered)},
        )


def merged(masks: Sequence[AutomaticMask]) -> Mask:
    """Return the pixels of all."""
    both = masks[0].mask
    for one in masks[1:]:
        both |= one.mask
    return both


def split(mask: Mask, path: Sequence[tuple[float, float]]) -> list[Mask]:
    """Cut a mask along a line, into its parts.

    Raises
    ------
    SessionError
        If the line does not cut it in two.
    """
    parts, count = cut_along(mask.array, mask.region, path)
    if count <= ndimage.label(mask.array)[1]:
        raise SessionError(
            "The line does not cut the mask in two: draw it from one side to the other."
        )
    top, left = mask.region.top, mask.region.left
    return [
        Mask.from_array(parts == k, top=top, left=left) for k in range(1, count + 1)
    ]


def iter_found(
    image: PromptableImage, search: Search, labels: LabelStore
) -> Generator[Progress, None, tuple[list[FoundMasks], Examples | None]]:
    """Find the masks of planes, and what of them is in the labels."""
    found: list[FoundMasks] = []
    for k, frame in enumerate(search.frames):
        work = _iter_plane(image, frame, search)
        candidates = yield from iter_part(work, k, len(search.frames))
        covered = {
            one.mask: share_on_objects(one.mask, labels, frame)
            for one in candidates.found.masks
        }
        found.append(FoundMasks(frame, candidates, covered))
    if not search.like:
        return found, None
    others = rows_of({one.frame: one.candidates for one in found})
    wanted = rows_of(described_examples(image, search.like))
    unwanted = rows_of(described_examples(image, search.unlike))
    return found, Examples.of(wanted, unwanted, others)


def _iter_plane(
    image: PromptableImage, frame: int, search: Search
) -> Generator[Progress, None, Candidates]:
    if search.like:
        return (
            yield from iter_candidates(
                image,
                frame,
                settings=search.settings,
                instances=search.instances,
                region=search.region,
                within=search.within,
            )
        )
    masks = yield from iter_everything(
        image,
        frame,
        settings=search.settings,
        instances=search.instances,
        region=search.region,
        within=search.within,
    )
    return Candidates(masks, Descriptors.joined([]))


def share_on_objects(mask: Mask, labels: LabelStore, frame: int) -> float:
    """Return which share of a mask lies on objects in the labels."""
    if not mask:
        return 0.0
    there = labels.read(frame, mask.region) != 0
    return float(np.count_nonzero(there & mask.array) / mask.area)


def is_free(covered: float) -> bool:
    """Tell whether a mask is no object yet, by the share of it that lies on some."""
    return covered <= _COVERED


def made_mask(like: AutomaticMask, mask: Mask) -> AutomaticMask:
    """Return a mask that a person drew, with the highest scores."""
    row, col = mask.deepest
    return replace(
        like, mask=mask, score=1.0, stability=1.0, point=(float(row), float(col))
    )
