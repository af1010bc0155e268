"""Overviews: large objects are decoded on coarser levels, where they look smaller.

A click does not say how large its object is. Where the model is not sure of its mask,
the click is decoded on coarser levels too, and a mask from there is taken that is large
and has a higher score. It is what close-ups (`napari_sam.image.close_up`) are for small
objects: in an image that was recorded or enlarged with more pixels than it has details,
an object is seen at the size at which the model knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.prompts.items import encloses
from napari_sam.core.prompts.model_prompts import is_approximate, refinement_steps
from napari_sam.core.prompts.prompts_in_tiles import fits, nearest_tile
from napari_sam.image.consensus import agreed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.core.backend_spec import BackendSpec
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image.promptable import PromptableImage

#: A mask of an overview must have as many pixels of its level, four times as many of
#: the level below: what is smaller is not better seen from further away.
_LARGE_AREA = 288
#: Its score must be higher by so much, unless the usual mask is a speck beside it that
#: the model does not believe in.
_HIGHER = 0.1
_SPECK, _UNLIKELY = 1 / 16, 0.5
#: A mask with this score is not looked for on coarser levels.
_SURE = 0.7
#: A level is decoded if pixels of the plane look so much smaller there than below, and
#: if it has so many along each side: few pixels show only groups.
_SMALLER, _FEWEST = 0.75, 256
#: Levels that are decoded at most.
_MOST_LEVELS = 2
#: Masks with this IoU are of the same object.
_SAME_OBJECT = 0.5
#: Clicks of which it is remembered on which level they were taken.
_REMEMBERED = 1024


class Overviews:
    """The overviews of one image: the clicks they are taken for, and their masks.

    Parameters
    ----------
    image
        The image, with its tiling.
    levels
        Its coarser levels that are decoded: see `overview_levels`.
    """

    def __init__(self, image: PromptableImage, levels: Sequence[int]) -> None:
        self._image, self._levels = image, levels
        self._taken: dict[tuple[int, Prompts], int] = {}

    def of_clicks(
        self,
        frame: int,
        prompts: Sequence[Prompts],
        found: Sequence[Prediction],
        *,
        new: bool,
    ) -> list[Prediction]:
        """Return masks of clicks, from the level with the best of them.

        Parameters
        ----------
        frame
            The plane.
        prompts
            Prompts of each object, on the plane.
        found
            Their masks so far.
        new
            Whether overviews that are not embedded yet are encoded.
        """
        if len(self._taken) > _REMEMBERED:
            self._taken.clear()
        clicks = {i: first for i, p in enumerate(prompts) if (first := _first_click(p))}
        firsts = [i for i, first in clicks.items() if first == prompts[i]]
        further = {i: first for i, first in clicks.items() if first != prompts[i]}
        later = self._of_further_clicks(frame, prompts, found, further, new=new)
        asked = {i: [found[i]] for i in firsts if found[i].score < _SURE}
        for i in firsts:
            if new or i not in asked:
                self._taken.setdefault((frame, prompts[i]), 0)
        for level in self._levels:
            self._ask(frame, level, prompts, asked, new=new)
        masks = {i: self._agreed(seen, prompts[i]) for i, seen in asked.items()} | later
        return [masks.get(i, mask) for i, mask in enumerate(found)]

    def must_encode(
        self, frame: int, prompts: Sequence[Prompts], found: Sequence[Prediction]
    ) -> bool:
        """Whether clicks wait for overviews that are not embedded yet."""
        return any(
            self._covers(one, level)
            and not self._image.is_embedded(frame, self._tile(one, level))
            for one, mask in zip(prompts, found, strict=True)
            if mask.score < _SURE and _first_click(one) == one
            for level in self._levels
        )

    def _of_further_clicks(
        self,
        frame: int,
        prompts: Sequence[Prompts],
        found: Sequence[Prediction],
        firsts: Mapping[int, Prompts],
        *,
        new: bool,
    ) -> dict[int, Prediction]:
        """Return masks from the level of the first click, where they are clearer there.

        They are by the object's place, as `firsts` are.
        """
        levels = self._levels_of(frame, list(firsts.values()), new=new)
        masks: dict[int, Prediction] = {}
        for i, level in zip(firsts, levels, strict=True):
            if level and self._covers(prompts[i], level):
                (mask,) = self._decode(frame, level, [prompts[i]])
                if mask.complete and _is_clearer(mask, found[i]):
                    masks[i] = mask
        return masks

    def _levels_of(
        self, frame: int, firsts: Sequence[Prompts], *, new: bool
    ) -> list[int]:
        """Return the levels of first clicks, asking for those not known if `new`."""
        unknown = [one for one in firsts if (frame, one) not in self._taken]
        if unknown and new:
            self._image.segment_many(unknown, frame, new_close_ups=new)
        return [self._taken.get((frame, one), 0) for one in firsts]

    def _ask(
        self,
        frame: int,
        level: int,
        prompts: Sequence[Prompts],
        asked: Mapping[int, list[Prediction]],
        *,
        new: bool,
    ) -> None:
        """Put the masks of a level that are better than those so far before them."""
        mine = [i for i in asked if self._shows(frame, prompts[i], level, new=new)]
        masks = self._decode(frame, level, [prompts[i] for i in mine])
        for i, mask in zip(mine, masks, strict=True):
            if _is_better(mask, asked[i], level):
                asked[i].insert(0, mask)
                self._taken[frame, prompts[i]] = level

    def _agreed(self, seen: Sequence[Prediction], prompts: Prompts) -> Prediction:
        """Return what the best mask and the candidates of all agree on."""
        best, *others = [c for mask in seen for c in mask.candidates]
        if len(seen) == 1:
            return best
        return self._image.cleaned(agreed(best, others), prompts)

    def _shows(self, frame: int, prompts: Prompts, level: int, *, new: bool) -> bool:
        tile = self._tile(prompts, level)
        known = new or self._image.is_embedded(frame, tile)
        return known and self._covers(prompts, level)

    def _covers(self, prompts: Prompts, level: int) -> bool:
        image, shape = self._image, self._image.frames.plane_shape
        return fits(prompts, self._tile(prompts, level), image.tiling, shape)

    def _tile(self, prompts: Prompts, level: int) -> Tile:
        shape = self._image.frames.plane_shape
        return nearest_tile(prompts, self._image.tiling, shape, level)

    def _decode(
        self, frame: int, level: int, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        tiles = [self._tile(one, level) for one in prompts]
        masks = self._image.decode_in_tiles(frame, tiles, prompts)
        return [self._image.cleaned(m, p) for m, p in zip(masks, prompts, strict=True)]


def overview_levels(image: PromptableImage, spec: BackendSpec) -> tuple[int, ...]:
    """Return the coarser levels on which an image looks smaller to its model."""
    levels: list[int] = []
    level, seen = 1, _pixel_size(image, 0, spec)
    while min(image.frames.plane_shape) >> level >= _FEWEST:
        size = _pixel_size(image, level, spec)
        if size <= _SMALLER * seen:
            levels.append(level)
            seen = size
        level += 1
    return tuple(levels[:_MOST_LEVELS])


def _pixel_size(image: PromptableImage, level: int, spec: BackendSpec) -> float:
    """Side of a pixel of the plane as the model sees it, in its own pixels."""
    tile = image.tiling.tiles(image.frames.plane_shape, level)[0]
    return spec.working_size / max(*tile.window.shape, spec.view) / (1 << level)


def _is_better(mask: Prediction, seen: Sequence[Prediction], level: int) -> bool:
    """Whether a mask of a coarser level is better than the best so far."""
    best = seen[0]
    if not mask.complete or mask.area >> (2 * level) < _LARGE_AREA:
        return False
    is_speck = len(seen) == 1 and best.area <= _SPECK * mask.area
    unlikely = is_speck and best.score < _UNLIKELY
    return mask.score > best.score + (0 if unlikely else _HIGHER)


def _is_clearer(mask: Prediction, usual: Prediction) -> bool:
    """Whether a mask of further clicks is better on the level of the first.

    Where both are of the same object, the score says so. Where they are not, the usual
    tile shows as little of the object as it did to the first click.
    """
    iou = mask.to_mask().iou(usual.to_mask())
    return iou < _SAME_OBJECT or mask.score > usual.score


def _first_click(prompts: Prompts) -> Prompts | None:
    """Return prompts up to the first positive one, if none of all tells a size."""
    if any(encloses(p) for p in prompts.items) or is_approximate(prompts):
        return None
    first, *others = refinement_steps(prompts)
    is_first = not others and first.candidate == 0
    return prompts if is_first else first.prompts
