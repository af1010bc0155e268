"""``napari-sam similar``: all objects that are like a few examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.everything import EverythingRun, is_folder_of_images
from napari_sam.apps.cli.options.automatic import automatic_options
from napari_sam.apps.cli.options.examples import example_options
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.model import open_model
from napari_sam.apps.cli.options.run import run_options
from napari_sam.apps.cli.options.save import save_options
from napari_sam.automatic.settings import SimilarSettings
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.examples import ExampleOptions
    from napari_sam.apps.cli.options.run import RunOptions
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.io.settings import SaveSettings
    from napari_sam.jobs.example_files import ExampleFiles

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image")
@example_options
@click.option(
    "--of", "of_image", type=_FILE, metavar="FILE",
    help="The image that the examples are of. [default: IMAGE]",
)  # fmt: skip
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="FILE",
    help="Where the labels go: .tif, .png, .zarr, .geojson, .gpkg or .json; a folder "
    "for a folder of images.",
)  # fmt: skip
@save_options
@settings_options("similar", SimilarSettings)
@automatic_options
@run_options
def similar(
    image: str,
    *,
    examples: ExampleOptions,
    of_image: Path | None,
    output: Path,
    save: SaveSettings,
    similar: SimilarSettings,
    automatic: AutomaticSettings,
    run: RunOptions,
) -> None:
    """All objects of IMAGE, or of each image of a folder, that are like examples.

    Objects are found as by "everything", and compared with the examples by their size,
    their light and the model's features. In polygons and COCO, the score of an object
    is its similarity.
    """
    path = Path(image) if Path(image).exists() else image
    work = EverythingRun(path, output, save, run, automatic, similar=similar)
    files = examples.files()
    is_folder = Path(image).is_dir() and is_folder_of_images(Path(image))
    if is_folder and of_image is None:
        raise ImageError(
            "A folder of images takes --of FILE: which image the examples are of."
        )
    if of_image is None:
        work.one_image(None, files)
        return
    work = _with_examples(work, files, of_image)
    if is_folder:
        work.folder(None)
    else:
        work.one_image(None)


def _with_examples(
    work: EverythingRun, files: ExampleFiles, path: Path
) -> EverythingRun:
    """Take examples from another image than that in which objects are looked for."""
    run = work.run
    settings = replace(run.settings, store=None)
    image = settings.read.read(path)
    promptable = settings.open(image, open_model(run.model))
    return replace(work, examples=files.among_others(image, promptable, work.automatic))
