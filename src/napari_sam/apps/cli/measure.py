"""``napari-sam measure``: labels measured, as tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import IMAGE, parse_sizes
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import ImageError, NapariSamError
from napari_sam.io.settings import ReadSettings
from napari_sam.measurement.settings import MeasureSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from napari_sam.tracking import Tracks

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("labels", type=IMAGE)
@click.option(
    "--image",
    type=_FILE,
    metavar="IMAGE",
    help="The image of the labels, for statistics of its brightness; a folder for a "
    "folder of labels, with files of the same names.",
)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    required=True,
    help="Table with a row for each object and frame: .csv, .tsv or .parquet.",
)
@click.option(
    "--tracks-table",
    type=_FILE,
    metavar="FILE",
    help="Also a table with a row for each object of a movie: lifetime, division, "
    "growth.",
)
@click.option(
    "--spread-table",
    type=_FILE,
    metavar="FILE",
    help="Also a table of mean squared displacements, by object and lag.",
)
@click.option("--overwrite", is_flag=True, help="Replace tables that are there.")
@click.option("--time-unit", metavar="NAME", help="Unit along t, e.g. minute.")
@settings_options(
    "read",
    ReadSettings,
    fields=("axes", "scale", "unit"),
    metavars={"axes": "LETTERS", "scale": "AXIS=SIZE,...", "unit": "NAME"},
    tips={
        "axes": "Axes of the labels, e.g. tyx, and of an image that names none.",
        "scale": "Size of a pixel, and the time between frames along t, e.g. "
        "t=5,y=0.15,x=0.15. By default those in the files.",
        "unit": "Unit along z, y and x, e.g. micrometer.",
    },
    parse={"scale": parse_sizes},
)
@settings_options("settings", MeasureSettings)
def measure(
    labels: str,
    *,
    image: Path | None,
    output: Path,
    tracks_table: Path | None,
    spread_table: Path | None,
    overwrite: bool,
    time_unit: str | None,
    read: ReadSettings,
    settings: MeasureSettings,
) -> None:
    """Measure the objects of LABELS, or of each file of a folder, as a table.

    Frames are read one by one. A folder of the Cell Tracking Challenge, a graph in GEFF
    and a file of TrackMate are one movie, with its lineage.
    """
    tables = _Tables(output, tracks_table, spread_table, overwrite=overwrite)
    tables.check()
    units = {"t": time_unit} if time_unit else {}
    units |= dict.fromkeys("zyx", read.unit) if read.unit else {}
    measuring = _Measuring(read, units, settings, tables)
    folder = Path(labels)
    from napari_sam.tracking.ctc_tracks import ctc_table

    if folder.is_dir() and not (_is_zarr(folder) or ctc_table(folder)):
        measuring.folder(folder, image)
    else:
        measuring.one(labels, image)


@dataclass(frozen=True, slots=True)
class _Tables:
    """The files that are written."""

    objects: Path
    tracks: Path | None
    spread: Path | None
    overwrite: bool

    def check(self) -> None:
        from napari_sam.measurement import check_table_path

        paths = [p for p in (self.objects, self.tracks, self.spread) if p is not None]
        for path in paths:
            check_table_path(path, overwrite=self.overwrite)
        if len(set(paths)) < len(paths):
            raise ImageError(f"Two tables would be {paths[0]}: give each its own file.")

    def write(self, objects: pd.DataFrame, tracks: Tracks | None) -> None:
        """Write the tables of one movie or image."""
        self._write({"": (objects, tracks)})

    def write_all(self, found: Mapping[str, pd.DataFrame]) -> None:
        """Write the tables of several files, with their names in a column."""
        self._write({name: (table, None) for name, table in found.items()})

    def _write(self, found: Mapping[str, tuple[pd.DataFrame, Tracks | None]]) -> None:
        from napari_sam import measurement

        made: dict[Path, list[pd.DataFrame]] = {}
        for name, (objects, family) in found.items():
            tables = {self.objects: objects}
            if self.tracks:
                tables[self.tracks] = measurement.measure_tracks(objects, family)
            if self.spread:
                tables[self.spread] = measurement.mean_squared_displacement(objects)
            for path, table in tables.items():
                made.setdefault(path, []).append(_named(table, name))
        for path, parts in made.items():
            whole = _stacked(parts)
            measurement.write_table(path, whole, overwrite=self.overwrite)
            say(f"{len(whole)} rows in {path}")


@dataclass(frozen=True, slots=True)
class _Measuring:
    """One run of the command."""

    read: ReadSettings
    units: dict[str, str]
    settings: MeasureSettings
    tables: _Tables

    def one(self, labels: str, image: Path | None) -> None:
        """Measure one file of labels, or one movie."""
        from napari_sam.tracking.track_files import (
            holds_tracks,
            labels_of_tracks,
            read_tracks,
        )

        tracks, scale, units = None, dict(self.read.scale or {}), self.units
        if holds_tracks(labels):
            tracks = read_tracks(labels)
            known = labels_of_tracks(labels, tracks)
            scale, units = {**known.scale, **scale}, {**known.units, **units}
        table = self._measured(tracks or labels, image, scale, units)
        self.tables.write(table, tracks)

    def folder(self, folder: Path, images: Path | None) -> None:
        """Measure each file of a folder; what fails does not stop the others."""
        found, failed = {}, 0
        for labels, image in _pairs(folder, images):
            try:
                found[labels.name] = self._measured(
                    str(labels), image, self.read.scale, self.units
                )
            except (NapariSamError, OSError) as wrong:
                failed += 1
                click.echo(
                    f"Failed: {labels}: {' '.join(str(wrong).split())}", err=True
                )
        if found:
            self.tables.write_all(found)
        if failed:
            raise SystemExit(1)

    def _measured(
        self,
        labels: str | Tracks,
        image: Path | None,
        scale: Mapping[str, float] | None,
        units: Mapping[str, str],
    ) -> pd.DataFrame:
        from napari_sam.api import iter_measure

        work = iter_measure(
            labels,
            image,
            axes=self.read.axes,
            scale=scale,
            units=units,
            settings=self.settings,
        )
        return drain_with_progress(work, "nothing was written.")


def _is_zarr(folder: Path) -> bool:
    return any((folder / name).exists() for name in ("zarr.json", ".zgroup", ".zarray"))


def _pairs(folder: Path, images: Path | None) -> Iterator[tuple[Path, Path | None]]:
    """Yield each file of labels with its image, which has the same name."""
    from napari_sam.io import images_in

    if images is not None and not images.is_dir():
        raise ImageError(f"{images}: for a folder of labels, give a folder of images.")
    known = {} if images is None else {p.stem: p for p in images_in(images)}
    for path in images_in(folder):
        if images is not None and path.stem not in known:
            raise ImageError(f"{images} has no image for {path.name}.")
        yield path, known.get(path.stem)


def _named(table: pd.DataFrame, name: str) -> pd.DataFrame:
    if name:
        table.insert(0, "image", name)
    return table


def _stacked(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    if len(parts) == 1:
        return parts[0]
    return pd.concat(parts, ignore_index=True)
