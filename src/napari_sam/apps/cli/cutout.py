"""``napari-sam cutout``: objects cut out of their image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import IMAGE, image_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import ImageError
from napari_sam.io.cutouts.settings import CutoutSettings

if TYPE_CHECKING:
    from napari_sam.image.settings import AppearanceSettings
    from napari_sam.io.settings import ReadSettings

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image", type=IMAGE)
@click.argument("labels", type=IMAGE)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="PATH",
    required=True,
    help="A folder of pictures; a sheet of all objects (.png, .jpg, .tif, .webp); or a "
    "video with transparency (.webm: VP9, .mov: ProRes 4444).",
)
@click.option(
    "--objects", metavar="N,...", help="Only objects of these numbers, e.g. 3,17."
)
@click.option("--overwrite", is_flag=True, help="Replace what is there.")
@settings_options("settings", CutoutSettings)
@image_options
def cutout(
    image: str,
    labels: str,
    *,
    output: Path,
    objects: str | None,
    overwrite: bool,
    settings: CutoutSettings,
    read: ReadSettings,
    appearance: AppearanceSettings,
) -> None:
    """Cut the objects of LABELS out of IMAGE, with their masks as opacity.

    Classes are those of a table beside LABELS, such as labels.csv beside labels.tif.
    """
    from napari_sam.api import iter_write_cutouts

    opened = read.read(image)
    work = iter_write_cutouts(
        opened,
        labels,
        output,
        objects=_numbers(objects),
        settings=settings,
        appearance=appearance.fit(opened.frames, None, opened.channel_names),
        overwrite=overwrite,
    )
    count = drain_with_progress(work, "nothing was written.")
    unit = "frames" if output.suffix.lower() in (".webm", ".mov") else "objects"
    say(f"{count} {unit} in {output}")


def _numbers(text: str | None) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        raise ImageError(
            f"--objects {text}: expected numbers of objects, e.g. 3,17."
        ) from None
