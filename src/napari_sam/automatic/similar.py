"""All like these: candidates of a plane compared with examples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.automatic.automatic_masks import AutomaticMask, AutomaticMasks
from napari_sam.automatic.descriptors import Descriptors, describe
from napari_sam.automatic.everything import iter_everything, plane_maps, uses_instances
from napari_sam.automatic.filtering import which_stay
from napari_sam.automatic.instance_finder import blocks
from napari_sam.automatic.settings import EverythingSettings, SimilarSettings
from napari_sam.core.errors import PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import iter_part

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic.scaled_maps import ScaledMaps
    from napari_sam.automatic.settings import FilterSettings, InstanceSettings
    from napari_sam.core.mask import Mask
    from napari_sam.core.progress import Progress
    from napari_sam.image import PromptableImage

#: What counts as different: twice the area, a fifth of the range of light, features
#: of which little is alike. `benchmarks/similar.py` tries others.
_LIGHT, _FEATURES = 0.2, 0.7
#: Features say more than size and light: they count so many times.
_TIMES = 2
#: A candidate of which more than this share lies on an example is that example.
_COVERED = 0.5


@dataclass(frozen=True, eq=False)
class Examples:
    """Examples of objects as descriptors: they need no image any more.

    Attributes
    ----------
    positive, negative
        What wanted and unwanted objects look like.
    centre, spread
        Mean and standard deviation of each feature over objects of the image of the
        examples: features are compared relative to these.
    """

    positive: Descriptors
    negative: Descriptors
    centre: NDArray[np.float32]
    spread: NDArray[np.float32]

    @classmethod
    def of(
        cls, positive: Descriptors, negative: Descriptors, others: Descriptors
    ) -> Examples:
        """Take examples, and other objects that lie around them.

        Raises
        ------
        PromptError
            If there is no positive example.
        """
        if not len(positive):
            raise PromptError("Give one example at least of the objects to be found.")
        known = Descriptors.joined([positive, negative, others]).features
        spread = known.std(0) + 1e-3
        return cls(positive, negative, known.mean(0), np.asarray(spread, np.float32))

    def relative_to(self, others: Descriptors) -> Examples:
        """Return the same examples, compared relative to other objects around."""
        return Examples.of(self.positive, self.negative, others)

    @cached_property
    def token(self) -> str:
        """Digest of what objects are compared with."""
        digest = blake2b(digest_size=16)
        for one in (self.positive, self.negative):
            for column in (one.features, one.areas, one.light):
                digest.update(np.ascontiguousarray(column).tobytes())
        digest.update(self.centre.tobytes() + self.spread.tobytes())
        return digest.hexdigest()

    def similarities(
        self, of: Descriptors, settings: SimilarSettings
    ) -> NDArray[np.float64]:
        """Return how similar each object is to the examples, from 0 to 1.

        That is the similarity to the nearest positive example. An object that is more
        similar to a negative one has as much less as it is nearer to that.
        """
        wanted = self._nearest(of, self.positive, settings)
        if not len(self.negative):
            return wanted
        unwanted = self._nearest(of, self.negative, settings)
        return wanted * np.minimum(1, wanted / np.maximum(unwanted, 1e-12))

    def _nearest(
        self, of: Descriptors, to: Descriptors, settings: SimilarSettings
    ) -> NDArray[np.float64]:
        if not len(of):
            return np.zeros(0)
        size = np.log2(of.areas[:, None] / to.areas) ** 2
        light = (((of.light[:, None] - to.light) / _LIGHT) ** 2).mean(-1)
        alike = self._directions(of) @ self._directions(to).T
        looks = ((1 - alike) / _FEATURES) ** 2
        by_features = _TIMES * settings.by_features if of.features.shape[1] else 0.0
        weights = np.array([settings.by_size, settings.by_light, by_features])
        each = np.stack([size, light, looks])
        far = np.tensordot(weights, each, 1) / max(weights.sum(), 1e-12)
        return np.asarray(np.exp(-far / 2).max(1), np.float64)

    def _directions(self, of: Descriptors) -> NDArray[np.float32]:
        relative = (of.features - self.centre) / self.spread
        lengths = np.linalg.norm(relative, axis=1, keepdims=True)
        return np.asarray(relative / np.maximum(lengths, 1e-9), np.float32)


class Candidates(NamedTuple):
    """All objects of a plane, and what they look like: what examples are compared with.

    Attributes
    ----------
    found
        The masks, before they are filtered.
    descriptors
        A row for each.
    own
        How many of the last are examples: they stay, whatever the threshold.
    """

    found: AutomaticMasks
    descriptors: Descriptors
    own: int = 0

    @classmethod
    def joined(
        cls, parts: Sequence[Candidates], plane_shape: tuple[int, int]
    ) -> Candidates:
        """Put the parts of a plane together, in the order given."""
        masks = tuple(one for part in parts for one in part.found.masks)
        rows = [part.descriptors for part in parts]
        may_nest = all(part.found.may_nest for part in parts)
        found = AutomaticMasks(masks, plane_shape, may_nest)
        return cls(found, Descriptors.joined(rows))

    def similar(self, examples: Examples, settings: SimilarSettings) -> AutomaticMasks:
        """Return the masks that are similar enough; their score is the similarity."""
        close = examples.similarities(self.descriptors, settings)
        close[len(close) - self.own :] = 1
        stay = np.flatnonzero(close >= settings.similarity)
        chosen = tuple(
            replace(self.found.masks[i], score=float(close[i])) for i in stay
        )
        return replace(self.found, masks=chosen)

    def filtered(self, filters: FilterSettings) -> Candidates:
        """Return those that stay, by scores and sizes, whatever they look like."""
        stay = which_stay(self.found, filters)
        return Candidates(self.found.chosen(stay), self.descriptors.chosen(stay))

    def with_examples(self, own: Candidates) -> Candidates:
        """Put examples in place of the candidates that lie on them."""
        given = [one.mask for one in own.found.masks]
        free = [
            i
            for i, one in enumerate(self.found.masks)
            if not any(_lies_on(one.mask, mask) for mask in given)
        ]
        without = Candidates(self.found.chosen(free), self.descriptors.chosen(free))
        both = Candidates.joined([without, own], self.found.plane_shape)
        return both._replace(own=len(own.found))


def example_candidates(
    image: PromptableImage, frame: int, masks: Sequence[Mask]
) -> Candidates:
    """Return masks of a person on one plane, described."""
    plane = image.frames.plane_shape
    own = tuple(_example(mask, plane) for mask in masks)
    return Candidates(AutomaticMasks(own, plane), describe(image, frame, masks))


def iter_candidates(
    image: PromptableImage,
    frame: int = 0,
    *,
    settings: EverythingSettings | None = None,
    instances: InstanceSettings | None = None,
    region: Region | None = None,
    within: Mask | None = None,
    maps: ScaledMaps | None = None,
) -> Generator[Progress, None, Candidates]:
    """Find all objects of a plane and describe them; see `iter_everything`."""
    settings = settings or EverythingSettings()
    plane = Region(0, 0, *image.frames.plane_shape)
    part = plane if region is None else region.intersection(plane)
    if maps is None and uses_instances(image, settings):
        maps = plane_maps(image, frame)
    cut = list(blocks(part)) if maps else [part]
    parts: list[Candidates] = []
    for k, block in enumerate(cut):
        work = iter_everything(
            image, frame, settings=settings, instances=instances, region=block,
            within=within, maps=maps,
        )  # fmt: skip
        found = yield from iter_part(work, k, len(cut))
        rows = describe(image, frame, [one.mask for one in found.masks])
        parts.append(Candidates(found, rows))
    return Candidates.joined(parts, plane.shape)


def _lies_on(mask: Mask, example: Mask) -> bool:
    common = (mask & example).area
    return common > _COVERED * mask.area or common > _COVERED * example.area


def _example(mask: Mask, plane: tuple[int, int]) -> AutomaticMask:
    row, col = mask.deepest
    whole = Region(0, 0, *plane)
    return AutomaticMask(mask, 1.0, 1.0, (float(row), float(col)), whole)
