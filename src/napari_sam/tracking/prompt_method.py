"""Propagation by prompts: each frame's masks, moved, are the prompts of the next."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.core.propagation import PropagatedObject
from napari_sam.tracking.bodies import Bodies
from napari_sam.tracking.confidence import Evidence, judge
from napari_sam.tracking.fusion import compete, fuse
from napari_sam.tracking.motion.moving import Motion, tile_of_mask
from napari_sam.tracking.motion_reliability import (
    ALONE,
    calibrated_offset,
    calibrated_trust,
)
from napari_sam.tracking.target_model import TargetModel, fit_target_model

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.confidence import Judge
    from napari_sam.tracking.fusion import Fused
    from napari_sam.tracking.motion.warp import MovedMask
    from napari_sam.tracking.settings import PropagateSettings

#: Objects decoded at once: their logits are in memory together.
_AT_ONCE = 32


class PromptMethod:
    """Propagates objects with any model that decodes prompts.

    A mask is moved by what the image shows of the motion. The model is prompted with
    the moved mask and its deepest point, without a box: boxes of predicted masks shrink
    from frame to frame. Its logits and the moved mask are added up, and the objects of
    a frame compete for pixels.

    Parameters
    ----------
    image
        The frames, with their model and embeddings.
    settings
        How much the moved mask counts.
    judge
        Estimates the confidence of a mask.
    """

    def __init__(
        self,
        image: PromptableImage,
        settings: PropagateSettings,
        *,
        judge: Judge = judge,
    ) -> None:
        self._image, self._settings, self._judge = image, settings, judge
        self._motion = Motion(image, settings.motion)
        self._bodies = Bodies(image, self._motion.views)
        self._learnt, self._offset = False, 0.0
        self._target: TargetModel | None = None

    def learn(self, known: Mapping[int, Mapping[int, Mask]]) -> None:
        """Learn what the objects look like, and how their outlines are drawn.

        Where the trust in motion is set, nothing is learnt.

        Parameters
        ----------
        known
            Masks that are right, by frame, then by object.
        """
        self._learnt = True
        if self._settings.trust is None:
            self._target = fit_target_model(self._image, known)
            self._offset = calibrated_offset(self._image, known)

    def start(
        self, frame: int, masks: Mapping[int, Mask]
    ) -> dict[int, PropagatedObject]:
        """Begin with objects of a frame whose masks are right.

        What `learn` was not called for is learnt from the first of them.
        """
        if not self._learnt:
            self.learn({frame: masks})
        trust = self._settings.trust
        if trust is None:
            trust = calibrated_trust(self._image, frame, masks)
        return {i: PropagatedObject(frame, m, trust=trust) for i, m in masks.items()}

    def propagate(
        self,
        objects: Mapping[int, PropagatedObject],
        frame: int,
        taken: Mapping[int, Mask],
    ) -> dict[int, PropagatedObject]:
        """Propagate objects to the next frame; see `Propagator`."""
        source = next(iter(objects.values())).frame
        moved = self._moved(objects, source, frame)
        expected = {i: m.mask for i, m in moved.items() if m.mask}
        trust = {i: objects[i].trust for i in expected}
        scores, fused = self._fused(expected, frame, trust)
        found = compete(fused, expected, taken)
        bodies = {
            i: self._bodies.in_a_row(objects[i], mask, frame, model=fused[i].parted)
            for i, mask in found.items()
        }
        return {
            i: self._propagated(objects[i], frame, mask, scores[i], moved[i], bodies[i])
            for i, mask in found.items()
        }

    def _moved(
        self, objects: Mapping[int, PropagatedObject], source: int, frame: int
    ) -> dict[int, MovedMask]:
        """Move masks; of objects that the model does not know, by pictures as well."""
        found: dict[int, MovedMask] = {}
        for alone in (False, True):
            masks = {
                i: o.mask for i, o in objects.items() if (o.trust >= ALONE) == alone
            }
            found |= self._motion.move(masks, source, frame, refined=alone)
        return {i: found[i] for i in objects}

    def _fused(
        self, expected: Mapping[int, Mask], frame: int, trust: Mapping[int, float]
    ) -> tuple[dict[int, float], dict[int, Fused]]:
        """Decode the objects of a frame: scores, and logits around each."""
        plane = self._image.frames.plane_shape
        scores, fused = {}, {}
        waiting = iter(expected.items())
        while some := list(islice(waiting, _AT_ONCE)):
            predictions = self._decode([mask for _, mask in some], frame)
            for (i, mask), found in zip(some, predictions, strict=True):
                scores[i] = found.score
                fused[i] = fuse(found, mask, plane, trust=trust[i])
        known = {i: one for i, one in fused.items() if trust[i] < ALONE}
        return scores, fused | self._as_learnt(known, expected, frame)

    def _as_learnt(
        self, fused: Mapping[int, Fused], expected: Mapping[int, Mask], frame: int
    ) -> dict[int, Fused]:
        """Add what was learnt of the film to logits."""
        found = {
            i: one._replace(logits=one.logits + np.float32(self._offset))
            for i, one in fused.items()
        }
        if self._target is None:
            return found
        tiles = {i: tile_of_mask(self._image, expected[i]) for i in fused}
        for tile in dict.fromkeys(tiles.values()):
            regions = {i: fused[i].region for i, own in tiles.items() if own == tile}
            features = self._motion.views.features(frame, tile)
            odds = self._target.log_odds(features, tile, regions)
            for i, more in odds.items():
                np.add(found[i].logits, more, out=found[i].logits)
        return found

    def _decode(self, masks: list[Mask], frame: int) -> list[Prediction]:
        prompts = [Prompts((MaskPrompt(mask, approximate=True),)) for mask in masks]
        return self._image.segment_many(prompts, frame)

    def _propagated(
        self,
        before: PropagatedObject,
        frame: int,
        mask: Mask,
        score: float,
        moved: MovedMask,
        bodies: int,
    ) -> PropagatedObject:
        evidence = Evidence(
            score,
            mask.iou(moved.mask),
            float(np.log(mask.area / before.mask.area)),
            moved.residual,
            before.age + 1,
            before.confidence,
            bodies,
        )
        confidence = self._judge(evidence)
        age = before.age + 1
        return PropagatedObject(frame, mask, confidence, age, before.trust, bodies)
