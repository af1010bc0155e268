"""How much of what a model learnt is kept, so that it does not forget the rest."""

from __future__ import annotations

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

    from napari_sam.training.example_sources import ExampleSource

__all__ = ["KeptShare", "choose_share", "keep_share"]

#: Shares of the weights after learning that are tried.
SHARES = (0.25, 0.5, 0.75, 1.0)
#: Mean IoU that may be lost on drawn scenes, which stand for all other images.
ALLOWED = 0.01
#: Batches that are measured of each.
_MEASURED = 8


class Overlaps(NamedTuple):
    """Mean IoU of first and corrected masks, on two sets of images.

    Attributes
    ----------
    held
        On images of the kind that was learnt, which were held back.
    rest
        On drawn scenes.
    """

    held: float
    rest: float


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
    back, among those that lose no more than 0.01 of mean IoU on drawn scenes. Called
    again, it does nothing.

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
    if "share" in read_weights(output).metadata:
        return None
    if not validation:
        write_weight_mean(before, output, output)
        return None
    with TemporaryDirectory() as folder:
        part = Path(folder) / "part.safetensors"
        found = {0.0: _measured(before, validation)}
        for share in SHARES:
            write_weight_mean(before, output, part, share=share)
            found[share] = _measured(part, validation)
    chosen = choose_share(found)
    write_weight_mean(before, output, output, share=chosen)
    return KeptShare(chosen, found[0.0], found[chosen])


def choose_share(found: Mapping[float, Overlaps]) -> float:
    """Return the best share on what was held back that does not forget too much.

    Parameters
    ----------
    found
        How good each share is, 0 among them.
    """
    least = found[0.0].rest - ALLOWED
    allowed = [share for share in sorted(found) if found[share].rest >= least]
    return max(allowed, key=lambda share: found[share].held)


def _measured(
    weights: Path, validation: Sequence[tuple[float, ExampleSource]]
) -> Overlaps:
    recipe, learner = initial_learner(checkpoint=weights)
    set_trainable(learner, "decoder")
    trainer = Trainer(recipe, validation, learner)
    held, rest = (
        trainer.measure(trainer.batches_to_measure(sources, _MEASURED))
        for sources in (validation, [(1.0, SyntheticSource())])
    )
    return Overlaps((held.first + held.last) / 2, (rest.first + rest.last) / 2)
