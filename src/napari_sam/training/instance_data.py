"""Batches of image crops with the target maps of all their objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from napari_sam.training.augmentation import augmented
from napari_sam.training.data import first_crop
from napari_sam.training.instance_targets import instance_targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.training.example_sources import Crop, ExampleSource, ScaleOf
    from napari_sam.training.recipe import Recipe

__all__ = ["InstanceBatch", "InstanceBatches"]


class InstanceBatch(NamedTuple):
    """The batch of one training step: B images and their target maps at stride 2."""

    images: torch.Tensor  # (B, 3, size, size) uint8
    shapes: torch.Tensor  # (B, 2) rows and columns before padding
    maps: torch.Tensor  # (B, 3, size / 2, size / 2) float
    weights: torch.Tensor  # (B, size / 2, size / 2) float; 0 on what is padding

    def to(self, device: torch.device) -> InstanceBatch:
        """Return the batch on a device."""
        return InstanceBatch(*(t.to(device) for t in self))


class InstanceBatches(torch.utils.data.IterableDataset[InstanceBatch]):
    """Batches of steps `start` to `stop`, each a function of seed, step and index."""

    def __init__(
        self,
        sources: Sequence[tuple[float, ExampleSource]],
        recipe: Recipe,
        start: int,
        stop: int,
        *,
        size: int,
        scale: ScaleOf,
        rank: int = 0,
    ) -> None:
        # Whatever is in the crop is an object: none is dropped for its size.
        every = replace(recipe, objects=1_000_000, smallest=1, largest=1.0)
        self.sources, self.recipe = sources, every
        self.start, self.stop = start, stop
        self.size, self.scale, self.rank = size, scale, rank

    def __iter__(self) -> Iterator[InstanceBatch]:
        torch.set_num_threads(1)
        for step in range(self.start, self.stop):
            yield self.batch(step)

    def batch(self, step: int) -> InstanceBatch:
        """Make the batch of one step."""
        first = self.rank * self.recipe.images
        made = [self._example(step, first + i) for i in range(self.recipe.images)]
        images, shapes, maps, weights = zip(*made, strict=True)
        return InstanceBatch(
            torch.from_numpy(np.stack(images)),
            torch.tensor(shapes),
            torch.from_numpy(np.stack(maps)),
            torch.from_numpy(np.stack(weights)),
        )

    def _example(
        self, step: int, index: int
    ) -> tuple[
        NDArray[np.uint8], tuple[int, int], NDArray[np.float32], NDArray[np.float32]
    ]:
        rng = np.random.default_rng([self.recipe.seed, step, index])
        crop = first_crop(rng, self.sources, self.recipe, self.size, self.scale)
        if self.recipe.vary:
            crop = augmented(rng, crop)
        rows, cols = crop.image.shape[:2]
        image = np.zeros((3, self.size, self.size), np.uint8)
        image[:, :rows, :cols] = crop.image.transpose(2, 0, 1)
        targets = instance_targets(_labels_at_stride_2(crop))
        half = self.size // 2
        maps = np.zeros((3, half, half), np.float32)
        weights = np.zeros((half, half), np.float32)
        h, w = targets.touching.shape
        maps[:, :h, :w] = targets.maps
        weights[:h, :w] = 1 + 2 * targets.touching
        return image, (rows, cols), maps, weights


def _labels_at_stride_2(crop: Crop) -> NDArray[np.int32]:
    """Return the labels ``(rows / 2, cols / 2)`` of a crop's masks."""
    labels = np.zeros(tuple(n // 2 for n in crop.masks.shape[1:]), np.int32)
    rows, cols = labels.shape
    for k, mask in enumerate(crop.masks[:, ::2, ::2][:, :rows, :cols], 1):
        labels[mask] = k
    return labels
