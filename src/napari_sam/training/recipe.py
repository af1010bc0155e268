"""The recipe of a training run: all its settings."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from napari_sam.core.errors import SettingError, TrainingError
from napari_sam.core.settings import check, setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

__all__ = ["CorrectiveRound", "Recipe"]


#: Added to the seed for validation, which has other crops than training.
_OTHER = 1_000_003


class CorrectiveRound(NamedTuple):
    """One corrective round of prompts on the same object."""

    clicks: bool  # a corrective point is added; else the last mask is the only prompt
    has_loss: bool  # its loss counts


@dataclass(frozen=True, slots=True)
class Recipe:
    """Settings of a training run.

    The defaults are those of Kirillov et al. 2023, "Segment Anything", appendix A
    ("Training algorithm", "Losses", "Training recipe"), for ViT-H where the sizes
    differ; `napari_sam.training.recipes` has those of the others, and of `pocket`.

    What each setting is stands in its tip. In short and in this order, they are: length
    of the run and size of its batches; how crops are cut, zoomed and varied, and
    which objects are dropped; shares of the first prompts, drawn anew for each object;
    how prompts scatter, and how they are corrected in the rounds that follow; weights
    of the losses; learning rate, its decay and that of the weights; the seed.

    Where not every round counts, a random number of corrections is made, and only the
    first mask and the last one have a loss. Where `average` is not 0, the running mean
    of the weights is what is measured and exported.
    """

    steps: int = setting(
        90_000, label="Steps", tip="Optimiser steps in all.", minimum=1
    )
    images: int = setting(
        1, label="Images", tip="Images of a step and process.", minimum=1
    )
    objects: int = setting(
        64, label="Objects", tip="At most so many objects of an image.", minimum=1
    )
    masks: int = setting(
        64, label="Masks", tip="At most so many masks of a step and process.", minimum=1
    )
    at_once: int = setting(
        16,
        label="At once",
        tip="Masks decoded together: fewer take less memory.",
        minimum=1,
    )
    crop: int = setting(
        0,
        label="Crop",
        tip="Side of the crops; 0: as the model is made for.",
        unit="px",
        minimum=0,
    )
    large_share: float = setting(
        0.0,
        label="Large crops",
        tip="Share of steps with crops of twice the side.",
        minimum=0,
        maximum=1,
    )
    zoom_low: float = setting(
        0.1, label="Zoom from", tip="Smallest factor by which images are zoomed."
    )
    zoom_high: float = setting(
        2.0, label="Zoom to", tip="Largest factor by which images are zoomed."
    )
    zoom_evenly: bool = setting(
        True, label="Zoom evenly", tip="Draw the zoom evenly, or else its logarithm."
    )
    vary: bool = setting(
        False,
        label="Vary",
        tip="Also rotate, flip and change the brightness of images.",
    )
    smallest: int = setting(
        40,
        label="Smallest object",
        tip="Smaller objects are dropped.",
        unit="px",
        minimum=0,
    )
    largest: float = setting(
        0.9,
        label="Largest object",
        tip="Objects of a larger share of the image are dropped.",
        minimum=0,
        maximum=1,
    )
    click: float = setting(
        0.5, label="Click", tip="Share of first prompts that are a point."
    )
    box: float = setting(0.5, label="Box", tip="Share of first prompts that are a box.")
    click_and_box: float = setting(
        0.0, label="Click and box", tip="Share of first prompts that are both."
    )
    clicks: float = setting(
        0.0,
        label="Clicks",
        tip="Share of first prompts that are up to three points.",
    )
    outline: float = setting(
        0.0, label="Outline", tip="Share of first prompts that are a polygon."
    )
    scribble: float = setting(
        0.0, label="Scribble", tip="Share of first prompts that are a scribble."
    )
    deep: float = setting(
        0.0,
        label="Deep clicks",
        tip="Share of points that fall well inside the object.",
        minimum=0,
        maximum=1,
    )
    box_noise: float = setting(
        0.1,
        label="Box noise",
        tip="Spread of the corners, as a share of the sides.",
        minimum=0,
    )
    box_limit: float = setting(
        20.0,
        label="Box noise limit",
        tip="The corners move no further.",
        unit="px",
        minimum=0,
    )
    corrections: int = setting(
        8,
        label="Corrections",
        tip="Corrective points after the first prompt.",
        minimum=0,
    )
    bare_rounds: int = setting(
        2,
        label="Mask rounds",
        tip="Rounds with the last mask alone as prompt.",
        minimum=0,
    )
    every_round: bool = setting(
        True, label="Every round", tip="Whether the loss of every round counts."
    )
    correct_middle: bool = setting(
        False, label="Correct middle", tip="Correct in the middle of an error."
    )
    focal: float = setting(
        20.0, label="Focal loss", tip="Weight of the focal loss.", minimum=0
    )
    dice: float = setting(
        1.0, label="Dice loss", tip="Weight of the Dice loss.", minimum=0
    )
    score: float = setting(
        1.0,
        label="Score loss",
        tip="Weight of the squared error of the score.",
        minimum=0,
    )
    instances: float = setting(
        0.0,
        label="Instance loss",
        tip="Weight of the loss of pocket's instance head, which learns together with "
        "the rest: every object of the images must be labelled. 0: it stays.",
        minimum=0,
    )
    rate: float = setting(
        8e-4, label="Learning rate", tip="After the warm-up.", minimum=0
    )
    warmup: int = setting(
        250, label="Warm-up", tip="Steps in which the rate rises.", minimum=0
    )
    drops: tuple[float, ...] = setting(
        (60_000 / 90_000, 86_666 / 90_000),
        label="Drops",
        tip="Shares of the run after which the rate drops.",
    )
    drop: float = setting(
        0.1, label="Drop", tip="Factor of the rate at each drop.", minimum=0
    )
    layer_decay: float = setting(
        0.8,
        label="Layer decay",
        tip="Rate of a layer relative to the next one's.",
        minimum=0,
    )
    weight_decay: float = setting(0.1, label="Weight decay", tip="Of AdamW.", minimum=0)
    drop_path: float = setting(
        0.4,
        label="Drop path",
        tip="Chance, a share, that the last block is skipped.",
        minimum=0,
        maximum=1,
    )
    clip: float = setting(
        1.0, label="Clip", tip="Largest norm of the gradient; 0: no limit.", minimum=0
    )
    average: float = setting(
        0.0,
        label="Average",
        tip="Decay of the mean of the weights; 0: none.",
        minimum=0,
        maximum=1,
    )
    seed: int = setting(0, label="Seed", tip="Of everything random.")

    def __post_init__(self) -> None:
        try:
            check(self)
        except SettingError as wrong:
            raise TrainingError(str(wrong)) from None
        if not 0 < self.zoom_low <= self.zoom_high:
            raise TrainingError(
                f"zoom_low={self.zoom_low}, zoom_high={self.zoom_high}: expected "
                "positive factors, the low one first."
            )
        if (
            sum(self.prompt_shares.values()) <= 0
            or min(self.prompt_shares.values()) < 0
        ):
            raise TrainingError(
                f"The shares of first prompts are {self.prompt_shares}: expected "
                "none below zero, and one above."
            )

    @property
    def prompt_shares(self) -> dict[str, float]:
        """Share of each kind of first prompt."""
        names = ("click", "box", "click_and_box", "clicks", "outline", "scribble")
        return {name: getattr(self, name) for name in names}

    def rate_at(self, step: int) -> float:
        """Learning rate of a step: linear warm-up, then stepwise decay."""
        passed = sum(step >= share * self.steps for share in self.drops)
        risen = min(1.0, (step + 1) / max(self.warmup, 1))
        return self.rate * risen * self.drop**passed

    def zoom(self, rng: np.random.Generator) -> float:
        """Draw the zoom factor of a crop (large-scale jitter)."""
        if self.zoom_evenly:
            return float(rng.uniform(self.zoom_low, self.zoom_high))
        return float(self.zoom_low * (self.zoom_high / self.zoom_low) ** rng.uniform())

    def schedule(self, rng: np.random.Generator) -> list[CorrectiveRound]:
        """Draw the corrective rounds that follow the first prompt."""
        if not self.every_round:  # more often one correction than three
            n = 1 + int(rng.uniform() ** 2 * self.corrections)
            return [CorrectiveRound(clicks=True, has_loss=k == n - 1) for k in range(n)]
        rounds = [CorrectiveRound(clicks=True, has_loss=True)] * self.corrections
        bare = CorrectiveRound(clicks=False, has_loss=True)
        for _ in range(self.bare_rounds - 1):
            rounds.insert(int(rng.integers(len(rounds) + 1)), bare)
        return rounds + [bare] * min(self.bare_rounds, 1)

    def measuring(self) -> Recipe:
        """Return the recipe of validation: crops without augmentation."""
        return replace(
            self, images=min(self.images, 4), objects=min(self.objects, 8),
            large_share=0.0, zoom_low=1.0, zoom_high=1.0, vary=False,
            click=0.5, box=0.5, click_and_box=0.0, clicks=0.0, outline=0.0,
            scribble=0.0, deep=1.0, box_noise=0.0, correct_middle=True, instances=0.0,
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
