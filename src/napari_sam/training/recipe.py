"""How to train: every number in one place."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_sam.core.errors import TrainingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["Recipe", "Round"]


#: What is measured on is drawn from another seed than what is trained on.
_OTHER = 1_000_003


class Round(NamedTuple):
    """One time that the model is asked about an object again."""

    clicks: bool  # a correction is added; else it hears its own mask alone
    teaches: bool  # its loss counts


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training run.

    The defaults are those of Kirillov et al. 2023, "Segment Anything", appendix A
    ("Training algorithm", "Losses", "Training recipe"), for ViT-H where the sizes
    differ; `napari_sam.training.recipes` has those of the others, and of `pocket`.

    Attributes
    ----------
    steps
        Optimiser steps in all.
    images, objects, masks, at_once
        Images a step and process; at most this many objects of each; at most this
        many objects a step and process; and as many as are decoded together (fewer
        take less memory and change nothing else).
    crop
        Side of the squares that are looked at, in working pixels; 0 is what the
        architecture is made for.
    large_share
        Share of steps that see squares of twice the side (and a quarter of the
        images), so that a model without a fixed size also knows large views.
    zoom_low, zoom_high, zoom_evenly
        Large-scale jitter: images are zoomed by a random factor in this range, drawn
        evenly, or else evenly in its logarithm.
    vary
        Whether images are also turned, mirrored, and changed in light and colour.
    smallest, largest
        Objects of fewer working pixels, or over a larger share of their image, are
        dropped.
    click, box, click_and_box, clicks, outline, scribble
        Shares of what is said first of an object: a click, a box, both, up to three
        clicks, an outline drawn by hand, a scribble.
    deep
        Share of clicks that fall well inside the object, as people's do; the others
        fall anywhere in it.
    box_noise, box_limit
        Spread of the corners of a box in shares of its sides, and at most so many
        pixels.
    corrections, bare_rounds, every_round
        Corrective clicks after the first prompt; rounds without a click, in which the
        model hears its mask alone: the last one, and others anywhere between; and
        whether every round teaches. If not, a random number of corrections is made
        and only the first and the last answer teach.
    correct_middle
        Whether corrections prefer the middle of an error; else they fall anywhere.
    focal, dice, score
        Weights of the losses: focal and Dice of the mask, squared error of its score.
    rate, warmup, drops, drop
        Learning rate; steps to rise to it; shares of the run after which it is
        multiplied by `drop`.
    layer_decay
        The learning rate of each encoder layer relative to that of the next one.
    weight_decay, drop_path, clip
        Of AdamW; chance that the encoder's last block is skipped; largest norm of the
        gradient (0 for no limit).
    average
        Decay of the running mean of the weights, which is then what is kept; 0 keeps
        the weights themselves.
    seed
        Of everything random.
    """

    steps: int = 90_000
    images: int = 1
    objects: int = 64
    masks: int = 64
    at_once: int = 16
    crop: int = 0
    large_share: float = 0.0
    zoom_low: float = 0.1
    zoom_high: float = 2.0
    zoom_evenly: bool = True
    vary: bool = False
    smallest: int = 40
    largest: float = 0.9
    click: float = 0.5
    box: float = 0.5
    click_and_box: float = 0.0
    clicks: float = 0.0
    outline: float = 0.0
    scribble: float = 0.0
    deep: float = 0.0
    box_noise: float = 0.1
    box_limit: float = 20.0
    corrections: int = 8
    bare_rounds: int = 2
    every_round: bool = True
    correct_middle: bool = False
    focal: float = 20.0
    dice: float = 1.0
    score: float = 1.0
    rate: float = 8e-4
    warmup: int = 250
    drops: tuple[float, ...] = (60_000 / 90_000, 86_666 / 90_000)
    drop: float = 0.1
    layer_decay: float = 0.8
    weight_decay: float = 0.1
    drop_path: float = 0.4
    clip: float = 1.0
    average: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        at_least_one = ("steps", "images", "objects", "masks", "at_once")
        wrong = [n for n in at_least_one if getattr(self, n) < 1]
        shares = ("large_share", "deep", "drop_path", "average")
        wrong += [n for n in shares if not 0 <= getattr(self, n) < 1.000001]
        if wrong:
            raise TrainingError(
                f"{wrong[0]}={getattr(self, wrong[0])}: expected "
                + ("at least 1." if wrong[0] in at_least_one else "a share, 0 to 1.")
            )
        if not 0 < self.zoom_low <= self.zoom_high:
            raise TrainingError(
                f"zoom_low={self.zoom_low}, zoom_high={self.zoom_high}: expected "
                "positive factors, the low one first."
            )
        if sum(self.ways.values()) <= 0 or min(self.ways.values()) < 0:
            raise TrainingError(
                f"The shares of first prompts are {self.ways}: expected none below "
                "zero, and one above."
            )

    @property
    def ways(self) -> dict[str, float]:
        """Share of each way to say what is wanted first."""
        names = ("click", "box", "click_and_box", "clicks", "outline", "scribble")
        return {name: getattr(self, name) for name in names}

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then stepwise decay."""
        passed = sum(step >= share * self.steps for share in self.drops)
        risen = min(1.0, (step + 1) / max(self.warmup, 1))
        return self.rate * risen * self.drop**passed

    def zoom(self, rng: np.random.Generator) -> float:
        """Draw a factor of the large-scale jitter."""
        if self.zoom_evenly:
            return float(rng.uniform(self.zoom_low, self.zoom_high))
        return float(self.zoom_low * (self.zoom_high / self.zoom_low) ** rng.uniform())

    def schedule(self, rng: np.random.Generator) -> list[Round]:
        """Plan what follows the first answer."""
        if not self.every_round:  # more often one correction than three
            n = 1 + int(rng.uniform() ** 2 * self.corrections)
            return [Round(clicks=True, teaches=k == n - 1) for k in range(n)]
        rounds = [Round(clicks=True, teaches=True)] * self.corrections
        bare = Round(clicks=False, teaches=True)
        for _ in range(self.bare_rounds - 1):
            rounds.insert(int(rng.integers(len(rounds) + 1)), bare)
        return rounds + [bare] * min(self.bare_rounds, 1)

    def measuring(self) -> Recipe:
        """Return the recipe of what a model is measured on: nothing is varied."""
        return replace(
            self, images=min(self.images, 4), objects=min(self.objects, 8),
            large_share=0.0, zoom_low=1.0, zoom_high=1.0, vary=False,
            click=0.5, box=0.5, click_and_box=0.0, clicks=0.0, outline=0.0,
            scribble=0.0, deep=1.0, box_noise=0.0, correct_middle=True,
            seed=self.seed + _OTHER,
        )  # fmt: skip

    def changed(self, settings: Mapping[str, str]) -> Recipe:
        """Return a recipe with settings given as text, as on the command line.

        Raises
        ------
        TrainingError
            If there is no such setting, or the text is no value of its type.
        """
        known = {f.name: getattr(self, f.name) for f in fields(self)}
        values: dict[str, Any] = {}
        for name, text in settings.items():
            if name not in known:
                raise TrainingError(
                    f"There is no setting {name!r}. Known: {', '.join(known)}."
                )
            values[name] = _value(name, text, known[name])
        return replace(self, **values)


def _value(name: str, text: str, like: Any) -> Any:
    try:
        if isinstance(like, bool):
            return {"true": True, "false": False}[text.lower()]
        if isinstance(like, tuple):
            return tuple(float(part) for part in text.split(",") if part)
        return type(like)(text)
    except (ValueError, KeyError):
        kind = "numbers with commas" if isinstance(like, tuple) else type(like).__name__
        raise TrainingError(f"{name}={text!r}: expected {kind}.") from None
