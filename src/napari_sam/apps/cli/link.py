"""``napari-sam link``: objects found frame by frame, linked to tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.tracks import track_format, tracks_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.tracking.linking.settings import LinkSettings

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.tracking.track_files import TrackFormat


@click.command(no_args_is_help=True)
@click.argument("labels")
@tracks_options
@click.option(
    "--axes",
    metavar="LETTERS",
    help="Axes of LABELS, such as tyx. [default: the file's]",
)
@click.option(
    "--axis", metavar="LETTER", help="Link along t or z. [default: t, else z]"
)
@click.option(
    "--method",
    default="overlap",
    show_default=True,
    metavar="NAME",
    help="overlap, trackastra, or the linker of another package.",
)
@click.option("--image", metavar="FILE", help="The image, for methods that look at it.")
@settings_options("settings", LinkSettings)
def link(
    labels: str,
    *,
    output: Path,
    form: TrackFormat | None,
    overwrite: bool,
    axes: str | None,
    axis: str | None,
    method: str,
    image: str | None,
    settings: LinkSettings,
) -> None:
    """Link the objects of LABELS, found frame by frame, to tracks.

    LABELS is a file or a folder; its numbers at different times have nothing to do
    with each other. Frames are read one by one.
    """
    from napari_sam import io
    from napari_sam.tracking import iter_link
    from napari_sam.tracking.track_files import check_tracks_path

    form = track_format(output, form)
    check_tracks_path(output, form, overwrite=overwrite)
    opened = io.read_label_image(labels, axes=axes)
    work = iter_link(
        opened.frames,
        axis=axis,
        method=method,
        settings=settings,
        image=None if image is None else io.read_image(image).frames,
    )
    tracks = drain_with_progress(work, "nothing was written.")
    tracks.save(output, format=form, like=opened, overwrite=overwrite)
    say(
        f"{len(tracks.segments)} segments, {len(tracks.divisions)} divisions, "
        f"{len(tracks.merges)} merges, in {output}"
    )
