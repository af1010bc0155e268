"""The process that improves a model: it says how far it is in lines of JSON."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.errors import NapariSamError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari_sam.core.json_values import JsonObject, JsonValue

#: Steps between measurements, as a share of all; so many without a rise end it.
_MEASURED, _PATIENCE = 6, 3


def main(options: JsonObject) -> None:
    """Measure the model, train it, measure it again; an interrupted run goes on."""
    folder, weights = Path(options["folder"]), Path(options["weights"])
    improved = folder / "improved.safetensors"
    before = measure(weights, folder / "held")
    for step, steps in iter_steps(folder, weights, improved, options["steps"]):
        say(what="learning from your corrections", done=step, total=steps)
    say(what="comparing both models", done=0, total=0)
    keep_share_of(weights, improved, folder / "held")
    after = measure(improved, folder / "held")
    say(before=before[0], after=after[0], objects=after[1])


def measure(weights: Path, folder: Path) -> tuple[list[float], int]:
    """Return the mean IoUs of one click, a box and five clicks, and of how many."""
    from napari_sam.api.models import load_backend
    from napari_sam.core.progress import drain
    from napari_sam.datasets.labelled_images import read_labelled_images
    from napari_sam.evaluation.mask_accuracy import iter_evaluate

    images = read_labelled_images(folder)
    say(what="measuring the model", done=0, total=len(images))
    found = drain(
        iter_evaluate(load_backend(checkpoint=weights), images),
        lambda step: say(what="measuring the model", done=step.done, total=step.total),
    )
    sums = (
        sum(r.click for r in found),
        sum(r.box for r in found),
        sum(r.clicks[-1] for r in found),
    )
    return [s / max(len(found), 1) for s in sums], len(found)


def iter_steps(
    folder: Path, weights: Path, improved: Path, steps: int
) -> Iterator[tuple[int, int]]:
    """Train the mask decoder, until nothing rises any more."""
    from napari_sam.training.initial_weights import initial_learner
    from napari_sam.training.training_data import read_data
    from napari_sam.training.training_run import iter_train

    recipe, learner = initial_learner(checkpoint=weights, settings=changed(steps))
    data = read_data(
        [(1.0, folder / "learnt")],
        validation=[folder / "held"],
        synthetic=0.3 if learner.architecture == "pocket" else 0.0,
    )
    every = max(steps // _MEASURED, 1)
    work = iter_train(
        recipe, learner, data.sources, improved, validation=data.validation,
        parts="decoder", save_every=every, measure_every=every, patience=_PATIENCE,
        notes={"data": data.description, "begun_with": str(weights)},
    )  # fmt: skip
    for report in work:
        yield report.step, report.steps


def keep_share_of(weights: Path, improved: Path, held: Path) -> None:
    """Move what was learnt back to the weights before, as far as is good."""
    from napari_sam.backends.weight_files import identified
    from napari_sam.datasets.labelled_images import read_labelled_images
    from napari_sam.training.example_sources import LabelledSource
    from napari_sam.training.weight_mean import write_weight_mean
    from napari_sam.training.weight_share import keep_share

    if identified(weights)[0] != "pocket":  # a transformer takes minutes to measure
        write_weight_mean(weights, improved, improved)
        return
    images = list(read_labelled_images(held))
    keep_share(weights, improved, [(1.0, LabelledSource(images))])


def changed(steps: int) -> dict[str, str]:
    """Return what differs from the recipe that fine-tunes a model."""
    return {"steps": str(steps), "warmup": str(min(steps // 10, 50))}


def say(**told: JsonValue) -> None:
    """Write a line that the other process reads."""
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if hasattr(os, "nice"):
        os.nice(10)
    try:
        main(json.loads(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(1)
    except (NapariSamError, OSError) as wrong:
        say(error=str(wrong))
        sys.exit(1)
