"""Batches of image crops with the target maps of all their objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam.training.augmentation import augmented
from napari_sam.training.data import first_crop
from napari_sam.training.instance_targets import InstanceBatch, padded_targets

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.training.example_sources import ExampleSource, ScaleOf
    from napari_sam.training.recipe import Recipe

__all__ = ["InstanceBatches"]


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
        any_size = replace(recipe, objects=1, smallest=1, largest=1.0)
        self.sources, self.recipe = sources, any_size
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
        return image, (rows, cols), *padded_targets(crop, self.size)
