"""``napari-sam train``: make a model of your own, or improve one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.training_report import (
    print_reports,
    report_curve,
    report_data,
    report_kept_share,
)
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.atomic_write import check_writable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.training.example_sources import ExampleSource
    from napari_sam.training.instance_learner import InstanceLearner
    from napari_sam.training.learner import Learner
    from napari_sam.training.loop import TrainingReport
    from napari_sam.training.recipe import Recipe


@click.command()
@click.argument(
    "data", nargs=-1, type=click.Path(path_type=Path), metavar="[DATA[=WEIGHT]]..."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Weights to write (.safetensors). FILE.training next to it resumes the run.",
)  # fmt: skip
@click.option(
    "--recipe", metavar="NAME",
    help="Train as this architecture was: pocket, or vit_t, vit_b, vit_l, vit_h as in "
    "the paper. [default: pocket; with --from, a short run to fine-tune]",
)  # fmt: skip
@click.option(
    "--from", "begin_with", metavar="MODEL",
    help="Begin with the weights of a model (napari-sam models list) or of a file.",
)  # fmt: skip
@click.option(
    "--parts",
    type=click.Choice(["all", "decoder", "encoder", "adapters", "instances"]),
    default="all", show_default=True,
    help="What learns; adapters are low-rank, parallel to the encoder's attention; "
    "instances is the head that finds all objects, of pocket.",
)  # fmt: skip
@click.option("--rank", default=8, show_default=True, help="Of the adapters.")
@click.option("--steps", type=int, help="Steps in all. [default: the recipe's]")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="Change a setting of the recipe, any number of times; --show lists all.",
)  # fmt: skip
@click.option("--show", is_flag=True, help="Only show the recipe's settings.")
@click.option(
    "--validation", multiple=True, type=click.Path(path_type=Path), metavar="DATA",
    help="Measure on these images. [default: a tenth of each DATA, not trained on]",
)  # fmt: skip
@click.option(
    "--layout", default="auto", show_default=True, metavar="NAME",
    help="How the files of DATA lie, where several layouts fit.",
)  # fmt: skip
@click.option(
    "--synthetic", type=float, metavar="WEIGHT",
    help="Weight of synthetic scenes; that of each DATA is 1 unless given. "
    "[default: 0.3 for pocket, else 0]",
)  # fmt: skip
@click.option(
    "--measure-every", type=int, metavar="STEPS",
    help="Measure and keep the best weights; the end is always measured. "
    "[default: 250; with --from, an eighth of all steps if that is less]",
)  # fmt: skip
@click.option(
    "--patience", type=int, default=3, show_default=True, metavar="TIMES",
    help="With --from, end after so many measurements in which nothing rose; 0: never.",
)  # fmt: skip
@click.option(
    "--save-every", default=100, show_default=True, metavar="STEPS",
    help="Write what is needed to go on after a crash.",
)  # fmt: skip
@click.option(
    "--processes", default=1, show_default=True,
    help="Train in so many processes of this machine, each with a GPU if there are "
    "any. On several machines, start it by torchrun.",
)  # fmt: skip
@click.option(
    "--workers", default=1, show_default=True,
    help="0 prepares data between the steps, 1 in a process of its own.",
)  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps ...")
@click.option(
    "--precision", type=click.Choice(["float32", "bfloat16"]), default="float32",
    show_default=True, help="Of the forward pass.",
)  # fmt: skip
@click.option(
    "--check/--no-check", default=True, show_default=True,
    help="Read all the data once before the first step, and list all problems at once.",
)  # fmt: skip
@click.option(
    "--checkpointing", is_flag=True,
    help="Compute the encoder's blocks twice, and use less memory for them.",
)  # fmt: skip
@click.option(
    "--changed-data", is_flag=True,
    help="Go on with a run whose files of data changed since it was stopped.",
)  # fmt: skip
def train(
    data: tuple[Path, ...],
    output: Path | None,
    recipe: str | None,
    begin_with: str | None,
    parts: str,
    rank: int,
    steps: int | None,
    settings: tuple[str, ...],
    show: bool,
    validation: tuple[Path, ...],
    layout: str,
    synthetic: float | None,
    measure_every: int | None,
    patience: int,
    save_every: int,
    processes: int,
    workers: int,
    device: str,
    precision: str,
    check: bool,
    checkpointing: bool,
    changed_data: bool,
) -> None:
    """Train a model on images with labels, or on synthetic scenes.

    DATA is a folder of images/ and labels/, or in the layout of SA-1B, COCO, the Cell
    Tracking Challenge or OME-Zarr. Interrupt the run whenever you like: the same
    command goes on from where it was, and ends with the same weights.
    """
    if output is None and not show:
        raise click.UsageError("Where to? Give -o FILE.safetensors.")
    if processes > 1 and "WORLD_SIZE" not in os.environ:
        _launch(processes)
        return
    from napari_sam.training.training_data import read_data
    from napari_sam.training.training_run import iter_train

    chosen, learner = (
        _instance_recipe(begin_with, settings, steps)
        if parts == "instances"
        else _recipe(recipe, begin_with, settings, steps, checkpointing)
    )
    if show or output is None:
        _show(chosen)
        return
    is_pocket = learner.architecture == "pocket" and parts != "instances"
    if synthetic is None:
        synthetic = 0.3 if learner.architecture == "pocket" else 0.0
    check_writable(output, makes_folders=True)
    weighted = [_weighted(d) for d in data]
    found = read_data(
        weighted, validation=validation, synthetic=synthetic, layout=layout
    )
    if check and _is_main() and not Path(f"{output}.training").exists():
        for path in (*(p for _, p in weighted), *validation):
            _check(path, layout)
    if begin_with is not None and _is_main():
        report_data(found)
    work = iter_train(
        chosen, learner, found.sources, output, validation=found.validation,
        parts=parts, rank=rank, save_every=save_every,
        patience=patience * (begin_with is not None),
        measure_every=measure_every or _measure_every(chosen.steps, begin_with),
        ahead=workers > 0, device=device, bfloat16=precision == "bfloat16",
        notes={"data": found.description, "begun_with": begin_with or "random"},
        data_stamp=found.stamp, takes_changed_data=changed_data,
    )  # fmt: skip
    fine_tunes = begin_with is not None and recipe is None and is_pocket
    _run(work, output, begin_with if fine_tunes else None, found.validation)


def _measure_every(steps: int, begin_with: str | None) -> int:
    return 250 if begin_with is None else min(250, max(steps // 8, 1))


def _recipe(
    name: str | None,
    begin_with: str | None,
    settings: Sequence[str],
    steps: int | None,
    checkpointing: bool,
) -> tuple[Recipe, Learner]:
    """Return the recipe with the settings given, and the model that learns."""
    from napari_sam.training.initial_weights import initial_learner

    changes = _settings(settings)
    if steps is not None:
        changes["steps"] = str(steps)
    checkpoint = None if begin_with is None else _weights(begin_with)
    if name is None and checkpoint is None:
        name = "pocket"
    return initial_learner(
        name, checkpoint, settings=changes, checkpointing=checkpointing
    )


def _instance_recipe(
    begin_with: str | None, settings: Sequence[str], steps: int | None
) -> tuple[Recipe, InstanceLearner]:
    """Return the recipe of the instance head, and what learns it."""
    from napari_sam.training.initial_weights import initial_instance_learner

    changes = _settings(settings)
    if steps is not None:
        changes["steps"] = str(steps)
    return initial_instance_learner(_weights(begin_with or "pocket"), settings=changes)


def _show(recipe: Recipe) -> None:
    for name, value in asdict(recipe).items():
        click.echo(f"{name:14} {value}")


def _run(
    work: Iterable[TrainingReport],
    output: Path,
    begun_with: str | None,
    validation: Sequence[tuple[float, ExampleSource]],
) -> None:
    """Train to the end; a request to terminate is an interrupt, which saves.

    Of a model that learnt more, so much is kept as does not forget the rest.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    measured = print_reports(work, prints=_is_main())
    if not _is_main():
        return
    report_curve(measured)
    if begun_with is not None:
        from napari_sam.training.weight_share import keep_share

        kept = keep_share(_weights(begun_with), output, validation)
        report_kept_share(kept, begun_with)
    say(f"The weights are {output}")


def _check(path: Path, layout: str) -> None:
    from napari_sam.datasets.checking import check_labelled_images
    from napari_sam.datasets.labelled_images import read_labelled_images

    found = check_labelled_images(read_labelled_images(path, layout=layout))
    empty = f", {found.empty} of them without any" if found.empty else ""
    say(f"{path}: {found.objects} objects in {found.images} images{empty}")


def _weights(model: str) -> Path:
    """Return the file of weights of a model or of that path."""
    if Path(model).is_file():
        return Path(model)
    from napari_sam.checkpoints import download

    return download(model)


def _is_main() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _launch(processes: int) -> None:
    """Start this command again in several processes, by torch's own launcher."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", "napari_sam.apps.cli"]
    raise SystemExit(subprocess.call([*command, *sys.argv[1:]]))


def _settings(given: Sequence[str]) -> dict[str, str]:
    """Return the settings of NAME=VALUE options."""
    wrong = [s for s in given if "=" not in s]
    if wrong:
        raise click.UsageError(f"--set {wrong[0]}: expected NAME=VALUE.")
    return {name: value for name, _, value in (s.partition("=") for s in given)}


def _weighted(data: Path) -> tuple[float, Path]:
    """Return the weight and the path of DATA=WEIGHT."""
    path, _, weight = str(data).rpartition("=")
    if not path:
        return 1.0, data
    try:
        return float(weight), Path(path)
    except ValueError:
        return 1.0, data
