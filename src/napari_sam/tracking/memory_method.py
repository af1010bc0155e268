"""Propagation by memory: a video model recalls what it remembers of an object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.core.prompts.prompts_in_tiles import prompts_in_tile
from napari_sam.core.propagation import PropagatedObject
from napari_sam.tracking.bodies import Bodies
from napari_sam.tracking.confidence import Evidence, judge
from napari_sam.tracking.fusion import Fused, compete
from napari_sam.tracking.motion.moving import tile_of_mask
from napari_sam.tracking.motion.tile_views import TileViews

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Memory, Recalled, SupportsVideo
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.confidence import Judge
    from napari_sam.tracking.settings import PropagateSettings


class MemoryMethod:
    """Propagates objects with a model that has memories of them.

    Memories are made of stored embeddings and of masks; none is kept but those that the
    next frames recall. Objects are looked for in the tile that they were in before. One
    that goes on in another tile begins anew there, from its mask: memories of one tile
    say nothing about places in another.

    Parameters
    ----------
    image
        The frames, with their embeddings.
    backend
        The image's model.
    settings
        How many memories an object has.
    judge
        Estimates the confidence of a mask.
    """

    def __init__(
        self,
        image: PromptableImage,
        backend: SupportsVideo,
        settings: PropagateSettings,
        *,
        judge: Judge = judge,
    ) -> None:
        self._image, self._backend = image, backend
        self._settings, self._judge = settings, judge
        self._bodies = Bodies(image, TileViews(image))

    def start(
        self, frame: int, masks: Mapping[int, Mask]
    ) -> dict[int, PropagatedObject]:
        """Begin with objects of a frame whose masks are right."""
        made = self._memories(frame, masks, {})
        return {
            i: PropagatedObject(frame, mask, memories=((frame, made[i]),))
            for i, mask in masks.items()
        }

    def propagate(
        self,
        objects: Mapping[int, PropagatedObject],
        frame: int,
        taken: Mapping[int, Mask],
    ) -> dict[int, PropagatedObject]:
        """Propagate objects to the next frame; see `Propagator`."""
        found = self._recall(objects, frame)
        expected = {i: o.mask for i, o in objects.items()}
        plane = self._image.frames.plane_shape
        predictions = {
            i: one.recalled.prediction.on_plane(one.tile, plane)
            for i, one in found.items()
        }
        fused = {i: _around(predictions[i], o.mask) for i, o in objects.items()}
        masks = compete(fused, expected, taken)
        made = self._memories(frame, masks, found)
        return {
            i: self._propagated(objects[i], frame, mask, predictions[i].score, made[i])
            for i, mask in masks.items()
        }

    def _recall(
        self, objects: Mapping[int, PropagatedObject], frame: int
    ) -> dict[int, _InTile]:
        found: dict[int, _InTile] = {}
        for tile, mine in self._by_tile({i: o.mask for i, o in objects.items()}):
            embedding = self._image.embedding(frame, tile)
            memories = [
                [m._replace(frames_ago=frame - at) for at, m in objects[i].memories]
                for i in mine
            ]
            decoded = self._backend.recall(embedding, memories)
            for i, recalled in zip(mine, decoded, strict=True):
                found[i] = _InTile(tile, recalled)
        return found

    def _memories(
        self, frame: int, masks: Mapping[int, Mask], found: Mapping[int, _InTile]
    ) -> dict[int, Memory]:
        """Remember objects by what was recalled in their tile, or by masks alone."""
        made: dict[int, Memory] = {}
        for tile, mine in self._by_tile(masks):
            embedding = self._image.embedding(frame, tile)
            local = {i: _in_tile(masks[i], tile) for i in mine}
            known = [i for i in mine if i in found and found[i].tile == tile]
            given = [i for i in mine if i not in known]
            recalled = [found[i].recalled for i in known]
            for some, how in ((given, None), (known, recalled)):
                if some:
                    masks_of = [local[i] for i in some]
                    new = self._backend.memorize(embedding, masks_of, recalled=how)
                    made.update(zip(some, new, strict=True))
        return made

    def _by_tile(self, masks: Mapping[int, Mask]) -> list[tuple[Tile, list[int]]]:
        tiles = {i: tile_of_mask(self._image, mask) for i, mask in masks.items()}
        return [
            (tile, [i for i, other in tiles.items() if other == tile])
            for tile in dict.fromkeys(tiles.values())
        ]

    def _propagated(
        self,
        before: PropagatedObject,
        frame: int,
        mask: Mask,
        score: float,
        memory: Memory,
    ) -> PropagatedObject:
        change = float(np.log(mask.area / before.mask.area))
        agreement = mask.iou(before.mask)
        bodies = self._bodies.in_a_row(before, mask, frame)
        age = before.age + 1
        evidence = Evidence(
            score, agreement, change, 0.0, age, before.confidence, bodies
        )
        return replace(
            before,
            frame=frame,
            mask=mask,
            confidence=self._judge(evidence),
            age=age,
            bodies=bodies,
            memories=self._kept(before, frame, memory),
        )

    def _kept(
        self, before: PropagatedObject, frame: int, new: Memory
    ) -> tuple[tuple[int, Memory], ...]:
        """Return what the next frame recalls, and of each memory what it needs."""
        if new.prompted:
            return ((frame, new),)
        prompted = [m for m in before.memories if m[1].prompted]
        latest = [m for m in before.memories if not m[1].prompted] + [(frame, new)]
        after = 2 * frame - before.frame
        kept = prompted
        for at, memory in latest[-self._settings.memories :]:
            left = memory._replace(frames_ago=after - at).faded()
            if left is not None:
                kept.append((at, left))
        return tuple(kept)


class _InTile(NamedTuple):
    """What was recalled of an object, and where."""

    tile: Tile
    recalled: Recalled


def _in_tile(mask: Mask, tile: Tile) -> Mask:
    """Return a mask in the pixels of a tile."""
    prompts = Prompts((MaskPrompt(mask, approximate=True),))
    (found,) = prompts_in_tile(prompts, tile).items
    assert isinstance(found, MaskPrompt)
    return found.mask


def _around(prediction: Prediction, before: Mask) -> Fused:
    """Return logits where the prediction is, and where the object was."""
    region = prediction.region if prediction.area else before.region
    region = region.intersection(prediction.tile)
    return Fused(region, prediction.sampled(region) - prediction.threshold)
