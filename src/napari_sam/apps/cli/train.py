"""``napari-sam train``: make a model of your own."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import click


@click.command()
@click.argument(
    "folders", nargs=-1, type=click.Path(path_type=Path), metavar="[FOLDER[=WEIGHT]]..."
)
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path), metavar="FILE",
    help="Weights to write (.safetensors). FILE.training beside it resumes the run.",
)  # fmt: skip
@click.option("--steps", default=8000, show_default=True, help="Steps in all.")
@click.option("--images", default=8, show_default=True, help="Images a step.")
@click.option("--crop", default=256, show_default=True, help="Side of a crop.")
@click.option("--seed", default=0, show_default=True, help="Of everything random.")
@click.option(
    "--synthetic", default=0.3, show_default=True, metavar="WEIGHT",
    help="Weight of synthetic scenes beside the folders' (1 each, unless given).",
)  # fmt: skip
@click.option(
    "--workers", default=1, show_default=True, help="Processes that prepare data."
)
def train(
    folders: tuple[Path, ...],
    output: Path,
    steps: int,
    images: int,
    crop: int,
    seed: int,
    synthetic: float,
    workers: int,
) -> None:
    """Train `pocket` on folders of images/ and labels/, and on synthetic scenes.

    Interrupt it whenever you like: the same command goes on from where it was.
    """
    from napari_sam.training.recipe import Recipe
    from napari_sam.training.run import iter_train

    recipe = Recipe(steps=steps, images=images, crop=crop, seed=seed)
    work = iter_train(
        [_weighed(f) for f in folders], output, recipe, synthetic=synthetic,
        workers=workers,
    )  # fmt: skip
    said = start = perf_counter()
    for report in work:
        if perf_counter() - said > 15 or report.step == report.steps:
            said = perf_counter()
            click.echo(
                f"step {report.step} of {report.steps}  loss {report.loss:.3f}  "
                f"IoU {report.first:.2f}, corrected {report.last:.2f}  "
                f"({said - start:.0f} s)"
            )
    click.echo(f"The weights are {output}")


def _weighed(folder: Path) -> tuple[float, Path]:
    """Split FOLDER=WEIGHT."""
    path, _, weight = str(folder).rpartition("=")
    if not path:
        return 1.0, folder
    try:
        return float(weight), Path(path)
    except ValueError:
        return 1.0, folder
