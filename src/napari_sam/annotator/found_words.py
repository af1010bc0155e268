"""What words found in planes, waiting to be accepted: masks, each with its word."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.annotator.found_masks import is_free, made_mask, share_on_objects
from napari_sam.automatic.automatic_masks import AutomaticMasks
from napari_sam.automatic.concepts import ConceptMasks, iter_concepts
from napari_sam.automatic.filtering import which_stay
from napari_sam.core.progress import Progress, iter_part

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from napari_sam.annotator.found_masks import Limits
    from napari_sam.automatic import AutomaticMask
    from napari_sam.automatic.concepts import Words
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.concepts import SupportsConcepts
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.session.labels.label_store import LabelStore

#: Masks of a larger IoU are of the same object.
_SAME = 0.5


@dataclass(frozen=True)
class WordSearch:
    """Where words are looked for.

    Attributes
    ----------
    words
        The words.
    frames
        The planes.
    region, within
        Only what has its middle here; None for anywhere.
    """

    words: Words
    frames: Sequence[int]
    region: Region | None = None
    within: Mask | None = None

    def holds(self, one: AutomaticMask) -> bool:
        """Tell whether a find lies in the part of the plane that was searched."""
        row, col = one.point
        r = self.region
        inside = r is None or (r.top <= row < r.bottom and r.left <= col < r.right)
        return inside and (self.within is None or self.within.contains(row, col))


@dataclass(frozen=True, eq=False)
class FoundWords:
    """What words found in a plane, and how much of each is an object already.

    Attributes
    ----------
    frame
        The plane.
    words
        The words that were looked for.
    concepts
        All that was found, before it is filtered.
    covered
        Share of each that lies on objects in the labels.
    """

    frame: int
    words: Words
    concepts: ConceptMasks
    covered: Mapping[Mask, float]

    def __len__(self) -> int:
        return len(self.concepts.found)

    def filtered(self, limits: Limits) -> AutomaticMasks:
        """Return masks above the score that are no objects yet, without the model."""
        found, _ = self.concepts.chosen(self.words, limits.text)
        sizes = replace(limits.filters, score=0, stability=0, overlap=1)
        stay = set(which_stay(found, sizes).tolist())
        free = [
            i
            for i, one in enumerate(found.masks)
            if i in stay and is_free(self.covered[one.mask])
        ]
        return found.chosen(free)

    def word_of(self, mask: Mask) -> str:
        """Return the word that a mask was found by; the surest, if several did."""
        return self._words[mask]

    def replaced(self, old: Sequence[AutomaticMask], new: Sequence[Mask]) -> FoundWords:
        """Put masks of a person in place of others, with the first one's word."""
        found, words, boxes = self.concepts
        gone = {one.mask for one in old}
        # Finds of the same object by other words would come into sight.
        left = [
            i
            for i, one in enumerate(found.masks)
            if not any(one.mask.iou(mask) > _SAME for mask in gone)
        ]
        first = found.masks.index(old[0])
        made = tuple(made_mask(old[0], mask) for mask in new)
        sides = [(*map(float, _sides(mask.region)),) for mask in new]
        concepts = ConceptMasks(
            AutomaticMasks((*found.chosen(left).masks, *made), found.plane_shape),
            (*(words[i] for i in left), *[words[first]] * len(made)),
            np.concatenate([boxes[left], np.array(sides).reshape(-1, 4)]),
        )
        covered = max(self.covered[mask] for mask in gone)
        return replace(
            self,
            concepts=concepts,
            covered={**self.covered, **dict.fromkeys(new, covered)},
        )

    @cached_property
    def _words(self) -> dict[Mask, str]:
        """The surest word of each mask."""
        found, words, _ = self.concepts
        order = np.argsort(found.scores, kind="stable").tolist()
        return {found.masks[i].mask: self.words.all[words[i]] for i in order}


def iter_found_words(
    image: PromptableImage,
    search: WordSearch,
    open_model: Callable[[Backend], Generator[Progress, None, SupportsConcepts]],
    labels: LabelStore,
) -> Generator[Progress, None, tuple[list[FoundWords], str]]:
    """Find what words are about in planes, and what of it is in the labels.

    Parameters
    ----------
    image
        The image, with the model that draws masks.
    search
        Words and planes.
    open_model
        Opens the model of words, which may take seconds.
    labels
        Of the image.

    Returns
    -------
    Found, model
        What was found in each plane; and who found it and drew the masks.
    """
    from napari_sam.api.words import who_found

    model = yield from open_model(image.backend)
    found = []
    for k, frame in enumerate(search.frames):
        work = iter_concepts(image, frame, search.words, model)
        every = yield from iter_part(work, k, len(search.frames))
        inside = [i for i, one in enumerate(every.found.masks) if search.holds(one)]
        concepts = ConceptMasks(
            every.found.chosen(inside),
            tuple(every.words[i] for i in inside),
            every.boxes[inside],
        )
        covered = {
            one.mask: share_on_objects(one.mask, labels, frame)
            for one in concepts.found.masks
        }
        found.append(FoundWords(frame, search.words, concepts, covered))
    return found, who_found(model, image.backend)


def _sides(region: Region) -> tuple[int, int, int, int]:
    return region.top, region.left, region.bottom, region.right
