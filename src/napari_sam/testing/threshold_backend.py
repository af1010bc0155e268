"""`ThresholdBackend`: a model with no weights, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.backend_spec import BackendSpec, spec_from_attributes
from napari_sam.core.embedding import Embedding
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.instance_maps import InstanceMaps
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import (
    is_ambiguous,
    refinement_steps,
    to_model_prompts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArray, EmbeddingArrays
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.prompts.model_prompts import ModelPrompts


@dataclass(slots=True)
class ThresholdBackend:
    """A backend by threshold: the object at a point is the bright blob under it.

    A negative point takes its blob away. A box keeps what is inside it, and alone
    means the largest blob there. A polygon or mask means the blobs its sampled points
    hit, cut to that shape. A single click has three candidates: the blob, the
    blob without its rim, and the blob with everything it touches within two pixels.
    `encoded` and `decoded` count, so a test can say "the second click encodes nothing".

    Parameters
    ----------
    threshold
        Pixels whose mean over the channels exceeds this are bright.
    """

    threshold: float = 127.5
    working_size: int = 64
    encoded: int = field(default=0, init=False)
    decoded: int = field(default=0, init=False)

    @property
    def fingerprint(self) -> str:
        """Depends on everything `encode` depends on."""
        return f"threshold-{self.threshold:g}"

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model; a subclass may add attributes to it."""
        return spec_from_attributes(self)

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Return the binary plane as the "embedding"."""
        self.encoded += len(planes)
        return [Embedding({"bright": p.mean(-1) > self.threshold}) for p in planes]

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode each prompt."""
        self.decoded += 1
        blobs = ndimage.label(embedding["bright"], np.ones((3, 3)))[0]
        return [_predict(blobs, p) for p in prompts]


@dataclass(slots=True)
class InstanceThresholdBackend(ThresholdBackend):
    """A `ThresholdBackend` that finds all objects at once: every blob is one."""

    @property
    def capabilities(self) -> frozenset[str]:
        """It finds instances."""
        return frozenset({"instances"})

    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return exact maps of the blobs."""
        blobs = ndimage.label(embedding["bright"], np.ones((3, 3)))[0]
        maps = np.zeros((3, *blobs.shape), np.float32)
        depth = ndimage.distance_transform_edt(np.pad(blobs > 0, 1))[1:-1, 1:-1]
        maps[0] = blobs > 0
        for k in range(1, int(blobs.max()) + 1):
            share = np.where(blobs == k, depth, 0)
            maps[1:] += (share / share.max()).astype(np.float32)
        return InstanceMaps(maps)


def open_threshold(
    name: str,
    *,
    checkpoint: str | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> ThresholdBackend:
    """Open a `ThresholdBackend`, as an entry point of ``napari_sam.backends`` would."""
    return ThresholdBackend()


def _predict(blobs: NDArray[np.int32], prompts: Prompts) -> Prediction:
    """Predict from the first and the last round: only a candidate carries over."""
    first, *later = refinement_steps(prompts)
    candidates = _candidates(blobs, first.prompts)
    prediction = _prediction(candidates).chosen(first.candidate)
    if not later:
        return prediction
    given = to_model_prompts(later[-1].prompts, _shape(blobs), grid=_shape(blobs))
    fresh = (
        _blob(blobs, given) & ~candidates[0] if first.candidate else _blob(blobs, given)
    )
    carried = candidates[first.candidate] if first.candidate else fresh
    unwanted = np.isin(blobs, sorted(_labels_under(blobs, given, 0) - {0}))
    mask = (fresh | carried) & ~unwanted
    return _prediction([mask]).chosen(later[-1].candidate)


def _shape(plane: EmbeddingArray) -> tuple[int, int]:
    return plane.shape[0], plane.shape[1]


def _candidates(blobs: NDArray[np.int32], prompts: Prompts) -> list[NDArray[np.bool_]]:
    mask = _blob(blobs, to_model_prompts(prompts, _shape(blobs), grid=_shape(blobs)))
    if not is_ambiguous(prompts):
        return [mask]
    near = set(np.unique(blobs[ndimage.binary_dilation(mask, iterations=2)])) - {0}
    return [mask, ndimage.binary_erosion(mask), np.isin(blobs, sorted(near))]


def _blob(blobs: NDArray[np.int32], given: ModelPrompts) -> NDArray[np.bool_]:
    allowed = blobs
    if (corners := given.point_labels >= 2).any():
        (left, top), (right, bottom) = given.point_coords[corners]
        inside = np.zeros(blobs.shape, bool)
        inside[round(top) : round(bottom), round(left) : round(right)] = True
        allowed = np.where(inside, blobs, 0)
    if given.mask_input is not None:
        allowed = np.where(given.mask_input < 0, 0, allowed)
    hit = _labels_under(blobs, given, 1)
    if not hit and corners.any() and allowed.any():
        hit = {int(np.bincount(allowed[allowed > 0]).argmax())}
    return np.isin(allowed, sorted(hit - _labels_under(blobs, given, 0) - {0}))


def _labels_under(
    blobs: NDArray[np.int32], given: ModelPrompts, label: int
) -> set[int]:
    cols, rows = np.floor(given.point_coords[given.point_labels == label]).astype(int).T
    return set(blobs[rows, cols].tolist())


def _prediction(masks: list[NDArray[np.bool_]]) -> Prediction:
    made = [
        Prediction(
            logits=np.where(mask, 1, -1).astype(np.float32),
            score=float(mask.any()) * 0.9**i,
            tile=Region(0, 0, *_shape(mask)),
        )
        for i, mask in enumerate(masks)
    ]
    alternatives = tuple(made[1:])
    best = made[0]
    return Prediction(best.logits, best.score, best.tile, alternatives=alternatives)
