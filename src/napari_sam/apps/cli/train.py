"""``napari-sam train``: make a model of your own, or improve one."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from napari_sam.training.loop import Report


@click.command()
@click.argument(
    "data", nargs=-1, type=click.Path(path_type=Path), metavar="[DATA[=WEIGHT]]..."
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Weights to write (.safetensors). FILE.training beside it resumes the run.",
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
    "--parts", type=click.Choice(["all", "decoder", "encoder", "adapters"]),
    default="all", show_default=True,
    help="What learns; adapters are low-rank, beside the encoder's attention.",
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
    help="Weight of drawn scenes beside the data's (1 each, unless given). "
    "[default: 0.3 for pocket, else 0]",
)  # fmt: skip
@click.option(
    "--measure-every", default=250, show_default=True, metavar="STEPS",
    help="Measure and keep the best weights; the end is always measured.",
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
    help="0 prepares data between the steps, 1 in a process beside them.",
)  # fmt: skip
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps ...")
@click.option(
    "--precision", type=click.Choice(["float32", "bfloat16"]), default="float32",
    show_default=True, help="Of the forward pass.",
)  # fmt: skip
@click.option(
    "--check/--no-check", default=True, show_default=True,
    help="Read all the data once before the first step, and complain of all at once.",
)  # fmt: skip
@click.option(
    "--checkpointing", is_flag=True,
    help="Compute the encoder's blocks twice, and keep less of them in memory.",
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
    measure_every: int,
    save_every: int,
    processes: int,
    workers: int,
    device: str,
    precision: str,
    check: bool,
    checkpointing: bool,
) -> None:
    """Train a model on images whose objects are known, or on drawn scenes.

    DATA is a folder of images/ and labels/, or in the layout of SA-1B, COCO, the Cell
    Tracking Challenge or OME-Zarr. Interrupt the run whenever you like: the same
    command goes on from where it was, and ends with the same weights.
    """
    if output is None and not show:
        raise click.UsageError("Where to? Give -o FILE.safetensors.")
    if processes > 1 and "WORLD_SIZE" not in os.environ:
        _launch(processes)
        return
    from napari_sam.training.initial_weights import initial_learner
    from napari_sam.training.training_data import read_data
    from napari_sam.training.training_run import iter_train

    changes = _settings(settings)
    if steps is not None:
        changes["steps"] = str(steps)
    checkpoint = None if begin_with is None else _weights(begin_with)
    if recipe is None and checkpoint is None:
        recipe = "pocket"
    chosen, learner = initial_learner(
        recipe, checkpoint, settings=changes, checkpointing=checkpointing
    )
    if show or output is None:
        for name, value in asdict(chosen).items():
            click.echo(f"{name:14} {value}")
        return
    if synthetic is None:
        synthetic = 0.3 if learner.architecture == "pocket" else 0.0
    weighed = [_weighed(d) for d in data]
    found = read_data(
        weighed, validation=validation, synthetic=synthetic, layout=layout
    )
    if check and _leads() and not Path(f"{output}.training").exists():
        for path in (*(p for _, p in weighed), *validation):
            _check(path, layout)
    work = iter_train(
        chosen, learner, found.sources, output, validation=found.validation,
        parts=parts, rank=rank, save_every=save_every, measure_every=measure_every,
        ahead=workers > 0, device=device, bfloat16=precision == "bfloat16",
        notes={"data": found.description, "begun_with": begin_with or "random"},
    )  # fmt: skip
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    _follow(work)
    if _leads():
        click.echo(f"The weights are {output}")


def _follow(work: Iterable[Report]) -> None:
    """Run to the end; say now and then, and at every measurement, how it goes."""
    said = start = perf_counter()
    for report in work:
        measured = math.isnan(report.loss)
        tells = measured or report.step == report.steps or perf_counter() - said > 15
        if not (_leads() and tells):
            continue
        said = perf_counter()
        click.echo(
            f"step {report.step} of {report.steps}  "
            + ("validation  " if measured else f"loss {report.loss:.3f}  ")
            + f"IoU {report.first:.3f}, corrected {report.last:.3f}  "
            f"({said - start:.0f} s)"
        )


def _check(path: Path, layout: str) -> None:
    from napari_sam.datasets.checking import check_labelled_images
    from napari_sam.datasets.labelled_images import read_labelled_images

    found = check_labelled_images(read_labelled_images(path, layout=layout))
    empty = f", {found.empty} of them without any" if found.empty else ""
    click.echo(f"{path}: {found.objects} objects in {found.images} images{empty}")


def _weights(model: str) -> Path:
    """Find weights by the name of a model, or of a file."""
    if Path(model).is_file():
        return Path(model)
    from napari_sam.checkpoints import download

    return download(model)


def _leads() -> bool:
    return os.environ.get("RANK", "0") == "0"


def _launch(processes: int) -> None:
    """Start this command again in several processes, by torch's own launcher."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    command += ["--nproc-per-node", str(processes), "-m", "napari_sam.apps.cli"]
    raise SystemExit(subprocess.call([*command, *sys.argv[1:]]))


def _settings(given: Sequence[str]) -> dict[str, str]:
    """Split NAME=VALUE."""
    wrong = [s for s in given if "=" not in s]
    if wrong:
        raise click.UsageError(f"--set {wrong[0]}: expected NAME=VALUE.")
    return {name: value for name, _, value in (s.partition("=") for s in given)}


def _weighed(data: Path) -> tuple[float, Path]:
    """Split DATA=WEIGHT."""
    path, _, weight = str(data).rpartition("=")
    if not path:
        return 1.0, data
    try:
        return float(weight), Path(path)
    except ValueError:
        return 1.0, data
