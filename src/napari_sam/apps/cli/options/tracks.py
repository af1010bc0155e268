"""Options of writing tracks: -o, --format and --overwrite."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.from_settings import Body

#: As `napari_sam.tracking.track_files.FORMATS`, which loads much.
_FORMATS = ("labels", "ctc", "geff", "csv")


def tracks_options(command: Body) -> Body:
    """Add ``output``, ``form`` and ``overwrite`` to a command."""
    for option in (
        click.option("--overwrite", is_flag=True, help="Replace what is there."),
        click.option(
            "--format",
            "form",
            type=click.Choice(_FORMATS),
            default="labels",
            show_default=True,
            help="Label images; a folder of the Cell Tracking Challenge; a zarr of a "
            "graph in GEFF and its labels, which loses nothing; or a table.",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            metavar="PATH",
            required=True,
            help="A label file such as .tif or .zarr; with --format ctc a folder, "
            "with geff a .zarr, with csv a .csv.",
        ),
    ):
        command = option(command)
    return command
