"""Options of writing tracks: -o, --format and --overwrite."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.apps.cli.options.from_settings import Body
    from napari_sam.tracking.track_files import TrackFormat

#: As `napari_sam.tracking.track_files.FORMATS`, which loads much.
_FORMATS = ("labels", "ctc", "geff", "csv", "trackmate")


#: Formats that the end of a name says.
_BY_NAME: Mapping[str, TrackFormat] = MappingProxyType(
    {".xml": "trackmate", ".csv": "csv", ".geff": "geff"}
)


def track_format(output: Path, form: TrackFormat | None) -> TrackFormat:
    """Return the format of tracks: the one given, or as the name ends."""
    return form or _BY_NAME.get(output.suffix.lower(), "labels")


def tracks_options(command: Body) -> Body:
    """Add ``output``, ``form`` and ``overwrite`` to a command."""
    for option in (
        click.option("--overwrite", is_flag=True, help="Replace what is there."),
        click.option(
            "--format",
            "form",
            type=click.Choice(_FORMATS),
            help="Label images; a folder of the Cell Tracking Challenge; a zarr of a "
            "graph in GEFF and its labels, which loses nothing; a table; or XML of "
            "TrackMate. [default: as .xml, .csv or .geff says, else labels]",
        ),
        click.option(
            "-o",
            "--output",
            type=click.Path(path_type=Path),
            metavar="PATH",
            required=True,
            help="A label file such as .tif or .zarr; with --format ctc a folder, "
            "with geff a .zarr, with csv a .csv, with trackmate an .xml.",
        ),
    ):
        command = option(command)
    return command
