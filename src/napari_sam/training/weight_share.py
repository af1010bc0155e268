"""How much of what a model learnt is kept, so that it does not forget the rest."""

from __future__ import annotations

import json
from math import nan
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.backends.weight_files import read_weights
from napari_sam.training.example_sources import SyntheticSource
from napari_sam.training.initial_weights import initial_learner
from napari_sam.training.loop import Trainer
from napari_sam.training.trainable import set_trainable
from napari_sam.training.weight_mean import write_weight_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from napari_sam.training.data import Batch
    from napari_sam.training.example_sources import ExampleSource

__all__ = ["KeptShare", "choose_share", "keep_share"]

#: Shares of the weights after learning that are tried.
SHARES = (0.125, 0.25, 0.5, 0.75, 1.0)
#: IoU that may be lost on drawn scenes, which stand for all other images.
ALLOWED = 0.01
#: Batches that are measured of each, at most; and steps of a run for each of them.
_MEASURED, _STEPS = 6, 50


class Overlaps(NamedTuple):
    """Mean IoU on two sets of images.

    Attributes
    ----------
    held
        Of first and corrected masks, on what was held back of the kind that was learnt.
    rest
        Of first masks, on drawn scenes: what is forgotten is seen there first.
    """

    held: float
    rest: float


#: Scenes that are drawn anew from a seed, the same for all weights.
_DRAWN = [(1.0, SyntheticSource())]
#: Of what was not measured again.
_UNKNOWN = Overlaps(nan, nan)


class KeptShare(NamedTuple):
    """The share of the weights after learning that was kept.

    Attributes
    ----------
    share
        0 to 1; at 0 the model is as it was before.
    before, after
        How good it was, and is.
    """

    share: float
    before: Overlaps
    after: Overlaps


def keep_share(
    before: Path, output: Path, validation: Sequence[tuple[float, ExampleSource]]
) -> KeptShare | None:
    """Move weights back to those that they began with, as far as is good for both.

    Of some shares of the change, the one is kept whose masks are best on what was held
    back, among those whose first masks on drawn scenes lose no more than 0.01 of IoU.
    Called again, it does nothing.

    Parameters
    ----------
    before
        The weights that the training began with.
    output
        Those that it ended with; they are replaced.
    validation
        Weight and source of what was held back; without it a half is kept.

    Returns
    -------
    KeptShare or None
        None if nothing was held back, or a share was taken already.
    """
    told = read_weights(output).metadata
    if "share" in told:
        return None
    if told.get("steps") == "0":  # nothing was better than the beginning
        return KeptShare(0.0, _UNKNOWN, _UNKNOWN)
    if not validation:
        write_weight_mean(before, output, output)
        return None
    steps = json.loads(told.get("recipe", "{}")).get("steps", 0)
    count = max(1, min(steps // _STEPS, _MEASURED))
    batches = [_batches(before, part, count) for part in (validation, _DRAWN)]
    with TemporaryDirectory() as folder:
        part = Path(folder) / "part.safetensors"
        found = {0.0: _measured(before, *batches)}
        for share in SHARES:
            write_weight_mean(before, output, part, share=share)
            found[share] = _measured(part, *batches)
    chosen = choose_share(found)
    write_weight_mean(before, output, output, share=chosen)
    return KeptShare(chosen, found[0.0], found[chosen])


def choose_share(found: Mapping[float, Overlaps]) -> float:
    """Return the share of new weights that is best, without forgetting much.

    Parameters
    ----------
    found
        How good each share is, 0 among them.
    """
    least = found[0.0].rest - ALLOWED
    allowed = [share for share in sorted(found) if found[share].rest >= least]
    return max(allowed, key=lambda share: found[share].held)


def _batches(
    weights: Path, sources: Sequence[tuple[float, ExampleSource]], count: int
) -> list[Batch]:
    return _trainer(weights).batches_to_measure(sources, count)


def _measured(weights: Path, held: list[Batch], rest: list[Batch]) -> Overlaps:
    trainer = _trainer(weights)
    learnt, drawn = trainer.measure(held), trainer.measure(rest)
    return Overlaps((learnt.first + learnt.last) / 2, drawn.first)


def _trainer(weights: Path) -> Trainer:
    recipe, learner = initial_learner(checkpoint=weights)
    set_trainable(learner, "decoder")
    return Trainer(recipe, [], learner)
