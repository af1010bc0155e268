"""Words over automatic masks: each mask is shown to a model that compares words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic.settings import AutomaticSettings
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.appearance import Appearance
from napari_sam.core.images.concepts import FoundConcept
from napari_sam.core.progress import Progress, drain, iter_part

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.concepts import SupportsMatching
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage

#: Side of what is shown of an object, as a multiple of the longer side of its box.
_MARGIN = 1.25
#: What is no image, and what the surroundings of an object are mixed with.
_GREY = 128
#: Masks that are compared with words at once.
_GROUP = 16


class MaskConcepts:
    """Finds what words are about among automatic masks, as `SupportsConcepts`.

    It is what prompts by text were in Kirillov et al. 2023: crops of masks, compared
    with words by CLIP. All objects are found first, without words.

    Parameters
    ----------
    matcher
        Compares pictures with words.
    backend
        Draws the masks.
    automatic
        How objects are found, and which are considered.
    """

    def __init__(
        self,
        matcher: SupportsMatching,
        backend: Backend,
        *,
        automatic: AutomaticSettings | None = None,
    ) -> None:
        self._matcher, self._backend = matcher, backend
        self._automatic = automatic or AutomaticSettings()

    @property
    def concept_model(self) -> str:
        """Name of the model of words."""
        return f"{self._matcher.concept_model} over automatic masks"

    def find_concepts(
        self, picture: NDArray[np.uint8], words: Sequence[str]
    ) -> list[FoundConcept]:
        """Find what words may be about in a picture ``(y, x, 3)``: masks."""
        from napari_sam.image import PromptableImage

        image = PromptableImage(
            picture, self._backend, axes="yxc", appearance=Appearance()
        )
        found = drain(self.iter_concepts(image, 0, words))
        return [_in_plane(one, picture.shape[:2]) for one in found]

    def iter_concepts(
        self, image: PromptableImage, frame: int, words: Sequence[str]
    ) -> Generator[Progress, None, list[FoundConcept]]:
        """Find what words may be about in a plane, by the image's own model.

        Parameters
        ----------
        image
            The image; what was embedded of it is not embedded again.
        frame
            The plane.
        words
            What is looked for.

        Returns
        -------
        Found
            For each mask and word one; masks are those of their box alone.
        """
        # Options of the command line come by here, and need no scikit-image.
        from napari_sam.automatic.everything import iter_everything
        from napari_sam.automatic.filtering import filter_masks

        automatic = self._automatic
        work = iter_everything(
            image, frame, settings=automatic.find, instances=automatic.instances
        )
        every = yield from iter_part(work, 0, 2)
        masks = [one.mask for one in filter_masks(every, automatic.filters).masks]
        found: list[FoundConcept] = []
        for start in range(0, len(masks), _GROUP):
            some = masks[start : start + _GROUP]
            pictures = [_shown(image, frame, mask) for mask in some]
            scores = self._matcher.match_words(pictures, words)
            for mask, row in zip(some, scores, strict=True):
                found += [_found(mask, i, float(score)) for i, score in enumerate(row)]
            done = len(masks) + start + len(some)
            yield Progress(done, 2 * len(masks), "comparing with words")
        return found


def _shown(image: PromptableImage, frame: int, mask: Mask) -> NDArray[np.uint8]:
    """Return a square picture of an object; what is around it is paler."""
    row, col = mask.region.center
    side = max(1, round(max(mask.region.shape) * _MARGIN))
    top, left = round(row - side / 2), round(col - side / 2)
    whole = Region(top, left, top + side, left + side)
    here = whole.intersection(Region(0, 0, *image.frames.plane_shape))
    pixels = image.appearance.render(image.frames.read(frame, here))
    paler = ((pixels.astype(np.uint16) + _GREY) // 2).astype(np.uint8)
    out = np.full((side, side, 3), _GREY, np.uint8)
    inside = mask.in_window(here)[..., None]
    at = here.shifted(-top, -left)
    out[at.slices] = np.where(inside, pixels, paler)
    return out


def _found(mask: Mask, word: int, score: float) -> FoundConcept:
    r = mask.region
    box = (float(r.top), float(r.left), float(r.bottom), float(r.right))
    return FoundConcept(box, word, score, mask.in_window(r))


def _in_plane(one: FoundConcept, shape: tuple[int, int]) -> FoundConcept:
    """Return a find with its mask in a picture of a shape."""
    pixels = np.zeros(shape, bool)
    top, left, bottom, right = (int(side) for side in one.box)
    pixels[top:bottom, left:right] = one.mask
    return one._replace(mask=pixels)
