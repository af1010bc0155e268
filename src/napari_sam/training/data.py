"""Batches of image crops with masks and prompts, a pure function of seed and step."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from napari_sam.core.errors import TrainingError
from napari_sam.training.augmentation import augmented
from napari_sam.training.instance_targets import InstanceBatch, padded_targets
from napari_sam.training.simulated_prompts import PromptBatch, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.training.example_sources import Crop, ExampleSource, ScaleOf
    from napari_sam.training.recipe import Recipe

__all__ = ["Batch", "BatchDataset", "first_crop"]

#: Crops without an object, one after another, before an error is raised.
_PATIENCE = 500


class Batch(NamedTuple):
    """The batch of one training step: B images, N masks with a prompt each."""

    images: torch.Tensor  # (B, 3, size, size) uint8
    shapes: torch.Tensor  # (B, 2) rows and columns before padding
    masks: torch.Tensor  # (N, size, size) bool
    prompts: PromptBatch
    seeds: torch.Tensor  # (N,) random seed of the corrections of each prompt
    image_of: torch.Tensor  # (N,) index of the image of each prompt
    instances: InstanceBatch | None = None  # target maps of the same images

    def split(self, max_prompts: int) -> Iterator[Batch]:
        """Split into batches of at most so many prompts, of the same images."""
        for start in range(0, len(self.masks), max_prompts):
            part = slice(start, start + max_prompts)
            yield self._replace(
                masks=self.masks[part],
                prompts=PromptBatch(*(p[part] for p in self.prompts)),
                seeds=self.seeds[part],
                image_of=self.image_of[part],
            )

    def to(self, device: torch.device) -> Batch:
        """Return the batch with its tensors on a device; the seeds stay."""
        moved = {
            name: getattr(self, name).to(device)
            for name in ("images", "shapes", "masks", "image_of")
        }
        prompts = PromptBatch(*(t.to(device) for t in self.prompts))
        instances = self.instances and self.instances.to(device)
        return self._replace(**moved, prompts=prompts, instances=instances)


class BatchDataset(torch.utils.data.IterableDataset[Batch]):
    """Batches of steps `start` to `stop`.

    Each image of a step is a function of seed, step and its index, whichever process
    makes it. So a resumed run has the batches of the uninterrupted one, and two
    processes have together those of one process with twice the images.
    """

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
        world_size: int = 1,
    ) -> None:
        self.sources, self.recipe = sources, recipe
        self.start, self.stop = start, stop
        self.size, self.scale = size, scale
        self.rank, self.world_size = rank, world_size

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        for step in range(self.start, self.stop):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Make the batch of one step."""
        size, images = self.size, self.recipe.images
        rng = np.random.default_rng([self.recipe.seed, step])
        if rng.uniform() < self.recipe.large_share:
            size, images = 2 * size, max(images // 4, 1)
        first = self.rank * images
        examples = [self._example(step, i, size) for i in range(first, first + images)]
        examples = _limited(examples, self.recipe.masks)
        counts = [len(e.masks) for e in examples]
        crops = torch.from_numpy(np.stack([e.image for e in examples]))
        shapes = torch.tensor([e.shape for e in examples])
        return Batch(
            crops,
            shapes,
            torch.from_numpy(np.concatenate([e.masks for e in examples])),
            PromptBatch(
                *map(torch.cat, zip(*(e.prompts for e in examples), strict=True))
            ),
            torch.from_numpy(np.concatenate([e.seeds for e in examples])),
            torch.arange(len(examples)).repeat_interleave(torch.tensor(counts)),
            _with_targets(crops, shapes, examples),
        )

    def _example(self, step: int, index: int, size: int) -> _Example:
        rng = np.random.default_rng([self.recipe.seed, step, index])
        crop = first_crop(rng, self.sources, self.recipe, size, self.scale)
        return _example(rng, crop, self.recipe, size)


def first_crop(
    rng: np.random.Generator,
    sources: Sequence[tuple[float, ExampleSource]],
    recipe: Recipe,
    size: int,
    scale: ScaleOf,
) -> Crop:
    """Return the first crop with an object, each of a source drawn by its weight.

    Raises
    ------
    TrainingError
        If there is none for a long time.
    """
    weights = np.array([w for w, _ in sources])
    for _ in range(_PATIENCE):
        chosen = rng.choice(len(weights), p=weights / weights.sum())
        crop = sources[chosen][1].crop(rng, recipe, size, scale)
        if crop is not None:
            return crop
    raise TrainingError(
        f"{_PATIENCE} crops in a row held no object of at least {recipe.smallest} "
        f"working pixels and at most {recipe.largest:.0%} of its image. Check the "
        "labels, or set smallest or largest."
    )


class _Example(NamedTuple):
    image: NDArray[np.uint8]  # (3, size, size)
    shape: tuple[int, int]
    masks: NDArray[np.bool_]  # (N, size, size)
    prompts: PromptBatch
    seeds: NDArray[np.int64]  # (N,)
    targets: tuple[NDArray[np.float32], NDArray[np.float32]] | None  # of instances


def _example(
    rng: np.random.Generator, crop: Crop, recipe: Recipe, size: int
) -> _Example:
    if recipe.vary:
        crop = augmented(rng, crop)
    rows, cols = crop.image.shape[:2]
    pad = (0, size - rows), (0, size - cols)
    image = np.pad(crop.image, (*pad, (0, 0))).transpose(2, 0, 1)
    masks = np.pad(crop.masks, ((0, 0), *pad))
    prompts = simulate(rng, masks, recipe)
    seeds = rng.integers(2**62, size=len(masks))
    targets = padded_targets(crop, size) if recipe.instances else None
    return _Example(image, (rows, cols), masks, prompts, seeds, targets)


def _with_targets(
    images: torch.Tensor, shapes: torch.Tensor, examples: list[_Example]
) -> InstanceBatch | None:
    """Return the images with the target maps of their instances, if they have any."""
    targets = [e.targets for e in examples if e.targets is not None]
    if not targets:
        return None
    maps, weights = (torch.from_numpy(np.stack(t)) for t in zip(*targets, strict=True))
    return InstanceBatch(images, shapes, maps, weights)


def _limited(examples: list[_Example], most: int) -> list[_Example]:
    """Return the examples with at most their share of the masks of a step."""
    share = max(most // len(examples), 1)
    return [
        e._replace(
            masks=e.masks[:share],
            prompts=PromptBatch(*(p[:share] for p in e.prompts)),
            seeds=e.seeds[:share],
        )
        for e in examples
    ]
