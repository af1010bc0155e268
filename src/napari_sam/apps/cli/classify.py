"""``napari-sam classify``: classes of all objects from those of a few."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import model_options, open_model
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings
    from napari_sam.jobs import ModelSettings

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image")
@click.argument("labels", type=_FILE)
@click.option(
    "--class", "named", multiple=True, required=True, metavar="NAME=NUMBER[,NUMBER...]",
    help="Objects of this class, by their numbers in the labels. Two classes at least.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="FILE",
    help="Table with a row for each object: .csv, .tsv or .json.",
)  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a table that is there.")
@image_options
@model_options("Whose features are compared. [default: pocket]")
@tiling_options
def classify(
    image: str,
    labels: Path,
    *,
    named: Sequence[str],
    output: Path,
    overwrite: bool,
    read: ReadSettings,
    appearance: AppearanceSettings,
    model: ModelSettings,
    tiling: TilingSettings,
) -> None:
    """Classes of the objects in LABELS of IMAGE, learnt from a few that are named.

    A small classifier is fitted to the size, light and shape of the named objects, and
    to the model's features averaged over them.
    """
    from napari_sam.api import classify_objects
    from napari_sam.apps.cli.table_file import check_table_path, write_table
    from napari_sam.jobs import PromptableSettings

    check_table_path(output, overwrite=overwrite)
    classes = named_objects(named)
    settings = PromptableSettings(read, appearance, tiling)
    opened = read.read(image)
    promptable = settings.open(opened, open_model(model))
    found = classify_objects(
        opened,
        labels,
        classes,
        model=promptable.backend,
        appearance=promptable.appearance,
        tiling=promptable.tiling,
    )
    write_table(
        output,
        [
            {
                "object": number,
                "class": one.name,
                "class_score": round(one.probability, 4),
                "named": int(number in classes),
            }
            for number, one in found.items()
        ],
    )
    counts = Counter(one.name for one in found.values())
    listed = ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
    say(f"{listed} in {output}")


def named_objects(given: Sequence[str]) -> dict[int, str]:
    """Read ``NAME=NUMBER[,NUMBER...]``.

    Raises
    ------
    PromptError
        If one is of another form, or names an object twice.
    """
    classes: dict[int, str] = {}
    for text in given:
        name, _, numbers = text.partition("=")
        try:
            ids = [int(number) for number in numbers.split(",")]
        except ValueError:
            ids = []
        if not name.strip() or not ids:
            raise PromptError(
                f"--class {text}: expected NAME=NUMBER[,NUMBER...], such as large=1,4."
            )
        for number in ids:
            if classes.setdefault(number, name.strip()) != name.strip():
                raise PromptError(
                    f"Object {number} is said to be {classes[number]} and {name}."
                )
    return classes
