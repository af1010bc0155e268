"""``napari-sam evaluate``: how good a model's masks are on images with labels."""

from __future__ import annotations

import csv
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from napari_sam.evaluation.masks import Result


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--model", default="pocket", show_default=True, metavar="NAME",
    help="Which model; see napari-sam models list.",
)  # fmt: skip
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), metavar="FILE",
    help="Weights of the model.",
)  # fmt: skip
@click.option(
    "--objects", default=12, show_default=True, help="At most this many per image."
)
@click.option("--seed", default=0, show_default=True, help="Chooses the objects.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE",
    help="Write a table of every object (.csv).",
)  # fmt: skip
def evaluate(
    folders: tuple[Path, ...],
    model: str,
    checkpoint: Path | None,
    objects: int,
    seed: int,
    output: Path | None,
) -> None:
    """Ask for objects of folders of images/ and labels/, and measure the masks.

    Each object is asked for by one click in its middle (the best-ranked mask, and
    the best of the candidates), by its box, and by five clicks, each new one in the
    middle of the largest error. Figures are mean IoU.
    """
    from napari_sam.api import load_backend
    from napari_sam.core.progress import drain
    from napari_sam.evaluation.masks import iter_evaluate, summarise
    from napari_sam.io.pairs import read_pairs

    backend = load_backend(model, checkpoint=checkpoint)
    pairs = [pair for folder in folders for pair in read_pairs(folder)]
    results = drain(iter_evaluate(backend, pairs, objects=objects, seed=seed))
    click.echo(f"{'kind':16} objects  click   best    box  five clicks")
    for row in summarise(results):
        click.echo(
            f"{row.kind:16} {row.objects:7}  {row.click:.3f}  {row.best:.3f}  "
            f"{row.box:.3f}  {row.five:.3f}"
        )
    if output is not None:
        _write(output, results)


def _write(output: Path, results: list[Result]) -> None:
    rows = [
        {**asdict(r), "clicks": " ".join(f"{v:.4f}" for v in r.clicks)} for r in results
    ]
    with output.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else ["kind"])
        writer.writeheader()
        writer.writerows(rows)
    click.echo(f"Every object stands in {output}")
