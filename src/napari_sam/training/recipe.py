"""How to train: every number in one place."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Recipe"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training run; the defaults train `pocket` from nothing.

    Attributes
    ----------
    steps
        Optimiser steps in all.
    images, objects
        Images a step, and prompts an image.
    crop
        Side of a training crop in working pixels.
    large_share
        Share of steps that see crops of twice the side (and a quarter of the images),
        so that the model also knows large views.
    jitter
        Crops are zoomed by a random factor between its inverse and itself.
    rate, warmup, drops, drop
        Learning rate; steps to rise to it; shares of the run after which it is
        multiplied by `drop` (the paper: 60,000 and 86,666 of 90,000 steps, 0.1).
    weight_decay
        Of AdamW.
    corrections
        At most this many corrective clicks after the first prompt.
    average
        Decay of the running mean of the weights, which is what is kept.
    seed
        Of everything random.
    """

    steps: int = 8000
    images: int = 8
    objects: int = 4
    crop: int = 256
    large_share: float = 0.2
    jitter: float = 2.0
    rate: float = 1e-3
    warmup: int = 250
    drops: tuple[float, ...] = (2 / 3, 0.9)
    drop: float = 0.2
    weight_decay: float = 0.05
    corrections: int = 3
    average: float = 0.998
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then stepwise decay."""
        passed = sum(step >= share * self.steps for share in self.drops)
        return self.rate * min(1.0, (step + 1) / self.warmup) * self.drop**passed
