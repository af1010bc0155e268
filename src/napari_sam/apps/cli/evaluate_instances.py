"""``napari-sam evaluate --instances``: how well all objects are found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.progress import drain_with_progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from napari_sam.core.protocols import Backend
    from napari_sam.datasets.labelled_images import LabelledImage
    from napari_sam.evaluation.instance_report import InstanceResult, Segment

#: Points a side of the grid that ``--against grid`` stands for.
_POINTS = 32


def evaluate_instances(
    names: Sequence[str],
    images: Sequence[LabelledImage],
    open_models: Callable[[Sequence[str]], dict[str, Backend]],
    output: Path | None,
    *,
    markdown: bool,
    as_json: bool,
) -> None:
    """Find all objects of images by each method, and print how good they are."""
    from napari_sam.evaluation.instance_report import (
        instance_rows,
        instance_table,
        iter_evaluate_instances,
    )
    from napari_sam.evaluation.instances_html import write_instances_html
    from napari_sam.evaluation.report import write_csv

    work = iter_evaluate_instances(_methods(names, open_models), images)
    results: list[InstanceResult] = drain_with_progress(work, "nothing was written.")
    table = instance_table(results)
    if as_json:
        click.echo(json.dumps(instance_rows(results), indent=1))
    else:
        click.echo(table.markdown() if markdown else table.text())
        click.echo("\n± is half of the 95 % interval, over images.")
    if output:
        output.mkdir(parents=True, exist_ok=True)
        write_csv(output / "instances.csv", instance_rows(results))
        write_instances_html(output / "instances.html", results)


def _methods(
    names: Sequence[str], open_models: Callable[[Sequence[str]], dict[str, Backend]]
) -> dict[str, Segment]:
    from napari_sam.evaluation.instance_report import (
        classical,
        everything_by,
        grid_by,
        is_classical,
    )

    models = open_models([n for n in names if n != "grid" and not is_classical(n)])
    methods = {name: everything_by(backend) for name, backend in models.items()}
    if "grid" in names:
        first = next(iter(models))
        methods[f"{first}, grid"] = grid_by(models[first], _POINTS)
    methods |= {name: classical(name) for name in names if is_classical(name)}
    return methods
