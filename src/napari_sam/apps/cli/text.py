"""``napari-sam text``: the objects of an image that words are about."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.download import fetch_missing
from napari_sam.apps.cli.options.examples import word_example_options
from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import model_options, open_model
from napari_sam.apps.cli.options.save import save_options
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.verbosity import say
from napari_sam.automatic.settings import TextSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.apps.cli.options.examples import WordExampleOptions
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings, SaveSettings
    from napari_sam.jobs import ModelSettings

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image")
@click.argument("words", nargs=-1, required=True)
@click.option(
    "--unwanted", multiple=True, metavar="WORD",
    help="What is more like this word is left out. May be repeated.",
)  # fmt: skip
@click.option(
    "--concepts", metavar="NAME|FOLDER",
    help="The model of words: owlv2, grounding-dino or clip, which is downloaded once; "
    "or a folder of one of these or of SAM 3, as transformers saves it.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=_FILE, required=True, metavar="FILE",
    help="Where the labels go: .tif, .png, .zarr; in .geojson, .gpkg and .json with "
    "the word and the score of each object.",
)  # fmt: skip
@word_example_options
@save_options
@settings_options("text", TextSettings)
@image_options
@model_options("Which model draws the masks. [default: pocket]")
@tiling_options
def text(
    image: str,
    words: Sequence[str],
    *,
    unwanted: Sequence[str],
    examples: WordExampleOptions,
    concepts: str | None,
    output: Path,
    save: SaveSettings,
    text: TextSettings,
    read: ReadSettings,
    appearance: AppearanceSettings,
    model: ModelSettings,
    tiling: TilingSettings,
) -> None:
    """All objects of IMAGE that WORDS are about; each word is a class.

    A model of words finds boxes, and the model of masks draws what is in them; or it
    is CLIP, which compares words with all objects.
    """
    from napari_sam.api import segment_text
    from napari_sam.io import check_labels_path
    from napari_sam.jobs import PromptableSettings
    from napari_sam.jobs.painting import save_masks

    check_labels_path(output, overwrite=save.overwrite)
    boxes = examples.boxes()
    fetch_missing(concepts)
    opened = read.read(image)
    settings = PromptableSettings(read, appearance, tiling)
    promptable = settings.open(opened, open_model(model))
    found = segment_text(
        opened,
        *words,
        unwanted=unwanted,
        examples=boxes,
        concepts=concepts,
        model=promptable.backend,
        settings=text,
        appearance=promptable.appearance,
        tiling=promptable.tiling,
    )
    known = {at: {"class": found.classes[at.object_id]} for at in found.masks}
    save_masks(output, found.masks, opened, save, attributes=known)
    counts = Counter(found.classes.values())
    listed = ", ".join(f"{counts[word]} {word}" for word in words)
    say(f"{listed} in {output} ({found.model})")
