"""Close-ups: small objects are decoded in tiles that are enlarged further.

How large an object looks to a model decides more than anything else how well its
boundary is found. A box says how large the object is. A click does not, so it is
decoded at both scales, unless the usual one gives a mask that is large and that the
model is sure of; the mask is what the candidates of both agree on. Prompts that follow
a click stay at the scale whose mask was small and had the higher score.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from napari_sam.core.geometry.tiling import Tiling
from napari_sam.core.prompts.items import bounds, encloses
from napari_sam.core.prompts.model_prompts import is_approximate, refinement_steps
from napari_sam.core.prompts.prompts_in_tiles import (
    check_inside,
    first_tile,
    fits,
    nearest_tile,
)
from napari_sam.image.consensus import agreed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image.promptable import PromptableImage

#: Tiles of close-ups, in pixels of the plane: every small object has its surroundings
#: in one of them, and one is encoded in a quarter of the time of a usual tile.
TILING = Tiling((64, 64), (32, 32))
#: A box is of a small object if its longer side is shorter, in pixels.
_SMALL_SIDE = 32
#: A mask is small if it has fewer pixels.
_SMALL_AREA = 24 * 24
#: A mask with as many pixels and as high a score is of a large object: its close-up
#: takes longer to encode than all the rest of a click, and is not encoded.
_LARGE_AREA, _SURE = 2 * _SMALL_AREA, 0.6
#: Clicks of which it is remembered at which scale they were taken.
_REMEMBERED = 1024


class CloseUpPrompts(NamedTuple):
    """The prompts of one object that a close-up shows.

    Attributes
    ----------
    at
        The object's place among those that are segmented together.
    prompts
        Its prompts, on the plane.
    first
        Those up to the first positive one.
    size
        Longer side of what its prompts enclose, in pixels; None if they do not.
    tile
        The tile of the close-ups that shows it.
    """

    at: int
    prompts: Prompts
    first: Prompts
    size: float | None
    tile: Tile


class CloseUps:
    """The close-ups of one image: which objects they are taken for, and their masks.

    Parameters
    ----------
    far
        The image.
    near
        The same image, to a model that sees its tiles enlarged.
    """

    def __init__(self, far: PromptableImage, near: PromptableImage) -> None:
        self._far, self._near = far, near
        self._nearer: dict[tuple[int, Prompts], bool] = {}

    def decodable(
        self, frame: int, prompts: Sequence[Prompts], *, new: bool
    ) -> list[CloseUpPrompts]:
        """Return the prompts that the close-ups can decode.

        Parameters
        ----------
        frame
            The plane.
        prompts
            Prompts of each object, on the plane.
        new
            Whether close-ups that are not embedded yet are encoded.
        """
        objects = (self._prompts_in_close_up(i, p) for i, p in enumerate(prompts))
        return [
            one
            for one in objects
            if one is not None and (new or self._near.is_embedded(frame, one.tile))
        ]

    def known(
        self, frame: int, objects: Sequence[CloseUpPrompts]
    ) -> dict[int, Prediction]:
        """Return masks of the objects of which it is known that they are small.

        They are by the object's place, as those of `of_clicks`. First clicks are not
        among them: they are decoded at both scales.
        """
        small = [one for one in objects if self._is_small(frame, one)]
        return _complete(small, self._decode(frame, small))

    def must_encode(
        self,
        frame: int,
        objects: Sequence[CloseUpPrompts],
        found: Mapping[int, Prediction],
    ) -> bool:
        """Whether clicks wait for close-ups that are not embedded yet.

        Parameters
        ----------
        frame, objects, found
            As for `of_clicks`.
        """
        firsts, later = self._undecided(frame, objects)
        unsure = [one for one in firsts if not _is_large(found[one.at])]
        return not all(self._near.is_embedded(frame, o.tile) for o in unsure + later)

    def of_clicks(
        self,
        frame: int,
        objects: Sequence[CloseUpPrompts],
        found: Mapping[int, Prediction],
    ) -> dict[int, Prediction]:
        """Return masks of clicked objects that gain by a close-up, or by agreement.

        Parameters
        ----------
        frame
            The plane.
        objects
            What `decodable` returned.
        found
            Masks at the usual scale, by the object's place.
        """
        objects = [one for one in objects if one.at in found]
        firsts, later = self._undecided(frame, objects)
        far = [found[one.at] for one in firsts] + self._first(frame, later)
        clicks = firsts + [one._replace(prompts=one.first) for one in later]
        scales = self._choose_scales(frame, clicks, far)[: len(firsts)]
        masks = [
            self._far.cleaned(agreed(best, others), one.prompts)
            for one, (best, others) in zip(firsts, scales, strict=True)
        ]
        small = [one for one in later if self._is_small(frame, one)]
        by_place = zip((one.at for one in firsts), masks, strict=True)
        return dict(by_place) | _complete(small, self._decode(frame, small))

    def _undecided(
        self, frame: int, objects: Sequence[CloseUpPrompts]
    ) -> tuple[list[CloseUpPrompts], list[CloseUpPrompts]]:
        """Return first clicks, and further ones of which the scale is not known."""
        clicks = [one for one in objects if one.size is None]
        firsts = [one for one in clicks if one.prompts == one.first]
        later = [one for one in clicks if one.prompts != one.first]
        return firsts, [o for o in later if (frame, o.first) not in self._nearer]

    def _prompts_in_close_up(self, at: int, prompts: Prompts) -> CloseUpPrompts | None:
        """Return the prompts of an object for a close-up, or None if none shows it."""
        shape = self._near.frames.plane_shape
        check_inside(prompts, shape)
        tile = nearest_tile(prompts, TILING, shape, 0)
        if not fits(prompts, tile, TILING, shape) or is_approximate(prompts):
            return None
        steps = refinement_steps(prompts)
        first = steps[0].prompts
        if len(steps) == 1 and steps[0].candidate == 0:
            prompts = first
        return CloseUpPrompts(at, prompts, first, _size(prompts), tile)

    def _is_small(self, frame: int, one: CloseUpPrompts) -> bool:
        if one.size is not None:
            return one.size < _SMALL_SIDE
        further = one.prompts != one.first
        return further and self._nearer.get((frame, one.first), False)

    def _choose_scales(
        self, frame: int, clicks: Sequence[CloseUpPrompts], far: Sequence[Prediction]
    ) -> list[tuple[Prediction, list[Prediction]]]:
        """Decode first clicks at both scales; return the best and the other candidates.

        Of a small object, the scale with the higher score is the one for the clicks to
        come, and the one whose candidates are offered.
        """
        if len(self._nearer) > _REMEMBERED:
            self._nearer.clear()
        pairs = list(zip(clicks, far, strict=True))
        unsure = [one for one, mask in pairs if not _is_large(mask)]
        near = dict(
            zip((o.at for o in unsure), self._decode(frame, unsure), strict=True)
        )
        chosen: list[tuple[Prediction, list[Prediction]]] = []
        for one, usual in pairs:
            close = near.get(one.at)
            nearer = close is not None and _is_better(close, usual)
            self._nearer[frame, one.first] = nearer
            scales = [usual] if close is None else [usual, close]
            best, *others = [
                candidate
                for mask in (reversed(scales) if nearer else scales)
                for candidate in mask.candidates
            ]
            chosen.append((best, others))
        return chosen

    def _first(self, frame: int, objects: Sequence[CloseUpPrompts]) -> list[Prediction]:
        """Decode the first prompts at the usual scale."""
        image = self._far
        firsts = [one.first for one in objects]
        tiles = [first_tile(p, image.tiling, image.frames.plane_shape) for p in firsts]
        masks = image.decode_in_tiles(frame, tiles, firsts)
        return [image.cleaned(m, p) for m, p in zip(masks, firsts, strict=True)]

    def _decode(
        self, frame: int, objects: Sequence[CloseUpPrompts]
    ) -> list[Prediction]:
        prompts = [one.prompts for one in objects]
        tiles = [one.tile for one in objects]
        masks = self._near.decode_in_tiles(frame, tiles, prompts)
        return [self._far.cleaned(m, p) for m, p in zip(masks, prompts, strict=True)]


def _complete(
    objects: Sequence[CloseUpPrompts], masks: Sequence[Prediction]
) -> dict[int, Prediction]:
    """Return the masks that end within their tiles, by the place of the object."""
    pairs = zip(objects, masks, strict=True)
    return {one.at: mask for one, mask in pairs if mask.complete and mask.area}


def _is_better(near: Prediction, far: Prediction) -> bool:
    """Whether an object is small, and its mask in the close-up the better one."""
    is_small = min(far.area, near.area) < _SMALL_AREA and near.complete
    return is_small and near.score > far.score


def _is_large(mask: Prediction) -> bool:
    """Whether a mask of the usual scale is of an object that needs no close-up."""
    return mask.score >= _SURE and mask.area >= _LARGE_AREA


def _size(prompts: Prompts) -> float | None:
    """Longer side of the last prompt that tells where all of the object is, if any."""
    for prompt in reversed(prompts.items):
        box = bounds(prompt)
        if box is not None and encloses(prompt):
            return max(box.bottom - box.top, box.right - box.left)
    return None
