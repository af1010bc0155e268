"""Where training examples come from, and how they are varied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import torch
from torch.nn import functional as F

from napari_sam.core.appearance import Appearance
from napari_sam.io.pairs import read_pairs
from napari_sam.models.pocket import working_scale
from napari_sam.training.prompts import PromptBatch, simulate
from napari_sam.training.synthetic import Scene, draw_scene

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.training.recipe import Recipe

__all__ = ["Batch", "Batches", "Folder", "Source", "SyntheticSource", "read_folder"]

#: Objects smaller than this many working pixels teach nothing.
MIN_AREA = 40


class Source(Protocol):
    """Somewhere crops come from."""

    def crop(self, rng: np.random.Generator, size: int, jitter: float) -> Scene:
        """Cut a square of `size` working pixels, zoomed by up to `jitter`."""


@dataclass(frozen=True, slots=True)
class SyntheticSource:
    """Every crop a scene never seen before."""

    def crop(self, rng: np.random.Generator, size: int, jitter: float) -> Scene:
        """Draw a scene and take it whole, or zoom into a part of it."""
        scene = draw_scene(rng, size=size)
        zoom = np.exp(rng.uniform(0, np.log(jitter))) if rng.uniform() < 0.4 else 1.0
        return cut(rng, scene, zoom, size)


class Folder:
    """Images with labels: ``images/NAME.*`` beside ``labels/NAME.*``.

    Parameters
    ----------
    scenes
        The images, already made 3-channel uint8, and their labels.
    """

    def __init__(self, scenes: Sequence[Scene]) -> None:
        self.scenes = scenes
        areas = np.array([float(s.labels.size) for s in scenes])
        self._share = np.sqrt(areas) / np.sqrt(areas).sum()

    def crop(self, rng: np.random.Generator, size: int, jitter: float) -> Scene:
        """Cut around a random object of a random image."""
        scene = self.scenes[rng.choice(len(self.scenes), p=self._share)]
        zoom = working_scale(scene.labels.shape)
        zoom *= np.exp(rng.uniform(-np.log(jitter), np.log(jitter)))
        return cut(rng, scene, float(zoom), size)


def cut(rng: np.random.Generator, scene: Scene, zoom: float, size: int) -> Scene:
    """Take a square of `size` at `zoom`, near an object, padded where it must be."""
    side = max(round(size / zoom), 8)
    rows, cols = scene.labels.shape
    found = np.flatnonzero(scene.labels.ravel()[::7])
    if len(found):
        row, col = divmod(int(found[rng.integers(len(found))]) * 7, cols)
        top, left = np.array([row, col]) - rng.uniform(0.2, 0.8, 2) * side
    else:
        top, left = rng.uniform(0, 1, 2) * (rows - side, cols - side)
    top = int(np.clip(top, 0, max(rows - side, 0)))
    left = int(np.clip(left, 0, max(cols - side, 0)))
    image = scene.image[top : top + side, left : left + side]
    labels = scene.labels[top : top + side, left : left + side]
    return Scene(*resized(image, labels, size / side, size))


def resized(
    image: NDArray[np.uint8], labels: NDArray[np.int32], zoom: float, size: int
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Zoom, and pad with zeros at the bottom and right, as the model does."""
    shape = tuple(max(1, min(size, round(n * zoom))) for n in labels.shape)
    x = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float()
    x = F.interpolate(x, shape, mode="bilinear", antialias=zoom < 1)
    y = torch.from_numpy(np.ascontiguousarray(labels))[None, None].float()
    y = F.interpolate(y, shape, mode="nearest-exact")
    pad = (0, size - shape[1], 0, size - shape[0])
    x, y = F.pad(x, pad), F.pad(y, pad)
    pixels = x[0].permute(1, 2, 0).round().to(torch.uint8).numpy()
    return pixels, y[0, 0].to(torch.int32).numpy()


def varied(rng: np.random.Generator, scene: Scene) -> Scene:
    """Turn, mirror, and change light, noise and colour; labels follow."""
    image, labels = scene.image, scene.labels
    turns = int(rng.integers(4))
    image, labels = np.rot90(image, turns), np.rot90(labels, turns)
    if rng.uniform() < 0.5:
        image, labels = image[:, ::-1], labels[:, ::-1]
    x = image.astype(np.float32) / 255
    if rng.uniform() < 0.15:
        x = 1 - x
    if rng.uniform() < 0.5:
        x = x ** np.exp(rng.uniform(-0.6, 0.6))
    if rng.uniform() < 0.4:
        x = x * rng.uniform(0.3, 1.3) + rng.uniform(-0.1, 0.3)
    if rng.uniform() < 0.3:
        noise = rng.standard_normal(x.shape[:2]).astype(np.float32)
        x = x + rng.uniform(0, 0.08) * noise[..., None]
    if rng.uniform() < 0.3:
        x = x[..., rng.permutation(3)]
    image = (np.clip(x, 0, 1) * 255).round().astype(np.uint8)
    return Scene(image, np.ascontiguousarray(labels))


class Batch(NamedTuple):
    """What one step of training sees."""

    images: torch.Tensor  # (B, 3, size, size) uint8
    masks: torch.Tensor  # (N, size, size) bool
    prompts: PromptBatch
    image_of: torch.Tensor  # (N,) which image each prompt is about


class Batches(torch.utils.data.IterableDataset[Batch]):
    """Batches of steps `start` to `stop`, each a pure function of seed and step.

    That makes a resumed run meet what the uninterrupted one would have met.
    """

    def __init__(
        self,
        sources: Sequence[tuple[float, Source]],
        recipe: Recipe,
        start: int,
        stop: int,
        *,
        rank: int = 0,
    ) -> None:
        self.sources, self.recipe, self.rank = sources, recipe, rank
        self.start, self.stop = start, stop

    def __iter__(self) -> Iterator[Batch]:
        torch.set_num_threads(1)
        for step in range(self.start, self.stop):
            yield self.batch(step)

    def batch(self, step: int) -> Batch:
        """Make the batch of one step."""
        rng = np.random.default_rng([self.recipe.seed, step, self.rank])
        size, images = self.recipe.crop, self.recipe.images
        if rng.uniform() < self.recipe.large_share:
            size, images = 2 * size, max(images // 4, 1)
        weights = np.array([w for w, _ in self.sources])
        scenes: list[Scene] = []
        masks: list[NDArray[np.bool_]] = []
        image_of: list[int] = []
        while len(scenes) < images:
            source = self.sources[rng.choice(len(weights), p=weights / weights.sum())][
                1
            ]
            scene = varied(rng, source.crop(rng, size, self.recipe.jitter))
            chosen = objects(rng, scene.labels, self.recipe.objects)
            if not chosen:
                continue
            image_of += [len(scenes)] * len(chosen)
            masks += [scene.labels == k for k in chosen]
            scenes.append(scene)
        stack = np.stack([s.image for s in scenes])
        truth = np.stack(masks)
        return Batch(
            torch.from_numpy(stack).permute(0, 3, 1, 2).contiguous(),
            torch.from_numpy(truth),
            simulate(rng, truth),
            torch.tensor(image_of),
        )


def objects(
    rng: np.random.Generator, labels: NDArray[np.int32], wanted: int
) -> list[int]:
    """Choose objects to ask for: not specks, not nearly the whole picture."""
    areas = np.bincount(labels.ravel())
    fit = (areas >= MIN_AREA) & (areas < 0.9 * labels.size)
    fit[0] = False
    found = np.flatnonzero(fit)
    if not len(found):
        return []
    return [int(k) for k in rng.choice(found, wanted, replace=len(found) < wanted)]


def read_folder(root: Path) -> Folder:
    """Read a folder of ``images`` and ``labels`` to train on."""
    scenes = []
    for pair in read_pairs(root):
        appearance = Appearance.fit(pair.frames)
        scenes.append(Scene(appearance.render(pair.frames[0]), pair.labels))
    return Folder(scenes)
