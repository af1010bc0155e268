"""``napari-sam similar``: all objects that are like a few examples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.everything import EverythingRun, is_folder_of_images
from napari_sam.apps.cli.options.automatic import automatic_options
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import (
    model_options,
    open_model,
    store_option,
)
from napari_sam.apps.cli.options.save import save_options
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.options.workers import worker_options
from napari_sam.automatic.settings import SimilarSettings
from napari_sam.core.errors import ImageError

if TYPE_CHECKING:
    from napari_sam.automatic.settings import (
        EverythingSettings,
        FilterSettings,
        InstanceSettings,
    )
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings, SaveSettings
    from napari_sam.jobs import Executor, ModelSettings
    from napari_sam.jobs.example_files import ExampleFiles

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image")
@click.option(
    "--examples", type=_FILE, required=True, metavar="FILE",
    help="Wanted objects: labels (.tif, .png, .zarr), or prompts (.json, .csv, "
    ".geojson ...).",
)  # fmt: skip
@click.option(
    "--negatives", type=_FILE, metavar="FILE",
    help="Objects that are not wanted, in the same forms.",
)  # fmt: skip
@click.option(
    "--class", "category", metavar="NAME",
    help="Of --examples, only the objects of this class.",
)  # fmt: skip
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
@image_options
@model_options("Which model. [default: pocket]")
@store_option
@worker_options
@tiling_options
def similar(
    image: str,
    *,
    examples: Path,
    negatives: Path | None,
    category: str | None,
    of_image: Path | None,
    output: Path,
    save: SaveSettings,
    similar: SimilarSettings,
    find: EverythingSettings,
    instances: InstanceSettings,
    filters: FilterSettings,
    read: ReadSettings,
    appearance: AppearanceSettings,
    model: ModelSettings,
    store: str | None,
    executor: Executor,
    tiling: TilingSettings,
) -> None:
    """All objects of IMAGE, or of each image of a folder, that are like examples.

    Objects are found as by "everything", and compared with the examples by their size,
    their light and the model's features. In polygons and COCO, the score of an object
    is its similarity.
    """
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.jobs import PromptableSettings
    from napari_sam.jobs.example_files import ExampleFiles

    run = EverythingRun(
        Path(image) if Path(image).exists() else image,
        output,
        save,
        AutomaticSettings(find, instances, filters),
        PromptableSettings(read, appearance, tiling, store=store),
        model,
        executor,
        similar=similar,
    )
    files = ExampleFiles(examples, negatives, category)
    is_folder = Path(image).is_dir() and is_folder_of_images(Path(image))
    if is_folder and of_image is None:
        raise ImageError(
            "A folder of images takes --of FILE: which image the examples are of."
        )
    if of_image is None:
        run.one_image(None, files)
        return
    run = _with_examples(run, files, of_image)
    if is_folder:
        run.folder(None)
    else:
        run.one_image(None)


def _with_examples(
    run: EverythingRun, files: ExampleFiles, path: Path
) -> EverythingRun:
    """Take examples from another image than that in which objects are looked for."""
    settings = replace(run.settings, store=None)
    image = settings.read.read(path)
    promptable = settings.open(image, open_model(run.model))
    return replace(run, examples=files.among_others(image, promptable, run.automatic))
