"""``napari-sam segment``: masks from prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from napari_sam.apps.cli.folder import images_and_prompts, segment_folder
from napari_sam.apps.cli.options.image import looking_options, open_image
from napari_sam.apps.cli.options.model import model_options, store_option
from napari_sam.apps.cli.options.prompt_files import asking_options, prompts_in_files
from napari_sam.apps.cli.options.prompts import (
    SayingCommand,
    prompts_from,
    saying_options,
)
from napari_sam.apps.cli.options.tiling import cutting_options, promptable
from napari_sam.apps.cli.options.workers import executor_of, working_options
from napari_sam.apps.cli.results import (
    answered,
    canvas,
    forget_kept,
    report,
    write,
)
from napari_sam.core.address import Address
from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image
    from napari_sam.jobs import MaskResult

_FILE = click.Path(path_type=Path)


@click.command(cls=SayingCommand, no_args_is_help=True)
@click.argument("image")
@saying_options
@asking_options
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    help="Where the labels go: .tif, .png, .zarr, .geojson, .gpkg or .json.",
)
@click.option("--overwrite", is_flag=True, help="Replace labels that are there.")
@click.option(
    "--format",
    "suffix",
    type=click.Choice(["tif", "png", "zarr", "geojson", "gpkg", "json"]),
    default="tif",
    show_default=True,
    help="Form of labels of a folder of images.",
)
@click.option(
    "--coco",
    type=click.Choice(["rle", "polygons"]),
    default="rle",
    show_default=True,
    help="Masks of a .json file.",
)
@click.option(
    "--overlay",
    type=_FILE,
    metavar="FILE",
    help="Also save a picture of the masks and the prompts.",
)
@click.option(
    "--frame",
    type=int,
    metavar="INDEX",
    help="Plane of a stack that the prompts are in, from 0.",
)
@looking_options
@click.option(
    "--model",
    metavar="NAME",
    help="Which model; see napari-sam models list. [default: pocket, or what the "
    "checkpoint holds]",
)
@model_options
@store_option
@working_options
@cutting_options
@click.option(
    "--threshold",
    type=float,
    default=0.0,
    show_default=True,
    help="Higher gives smaller masks, lower larger ones.",
)
@click.pass_context
def segment(ctx: click.Context, /, image: str, **options: Any) -> None:
    """Masks from prompts on IMAGE, written as labels or polygons.

    Several points and boxes given here are about one object, in that order, and its
    label is 1. For several objects use --prompts. If --prompts or --from-labels is a
    folder, or a CSV with a column "image", IMAGE is a folder of images, each with
    prompts of its own, and so is the output.
    """
    _check_said(ctx, options)
    if (found := images_and_prompts(image, options)) is not None:
        segment_folder(found, options)
        return
    _check_outputs(options)
    opened = open_image(image, options)
    asked = _prompts(ctx, options, opened)
    seen = promptable(opened, options)
    answers = _answers(image, seen, asked, options)
    if options["output"] or options["overlay"]:
        _write(opened, seen, asked, answers, options)
    report(answers)


def _write(
    opened: Image,
    seen: PromptableImage,
    asked: Mapping[Address, Prompts],
    answers: Mapping[Address, Prediction | MaskResult],
    options: Mapping[str, Any],
) -> None:
    from napari_sam.api import paint

    with canvas(options["output"], seen.frames) as on_disk:
        labels = paint(answers, seen.frames, out=on_disk)
        if options["output"]:
            write(options["output"], labels, opened, options)
            forget_kept(options)
        if options["overlay"]:
            _write_overlay(options["overlay"], seen, asked, labels)


def _answers(
    image: str,
    seen: PromptableImage,
    asked: Mapping[Address, Prompts],
    options: Mapping[str, Any],
) -> Mapping[Address, Prediction | MaskResult]:
    from napari_sam.api import segment_objects

    # One object needs nobody else, and is not worth remembering.
    if executor_of(options).threads is not None or len(asked) > 1:
        return answered(image, seen, asked, options)
    return {
        at: answer.with_threshold(options["threshold"])
        for at, answer in segment_objects(seen, asked).items()
    }


def _check_outputs(options: dict[str, Any]) -> None:
    from napari_sam import io

    if options["output"]:
        io.check_labels_path(options["output"], overwrite=options["overwrite"])
    if options["overlay"]:
        io.check_picture_path(options["overlay"])


def _check_said(ctx: click.Context, options: dict[str, Any]) -> None:
    order = ctx.meta["said"]
    file = options["prompts_file"] or options["from_labels"]
    if file and (order or options["frame"] is not None):
        raise PromptError(
            "--prompts and --from-labels say everything, frames included: they cannot "
            "be given together with --point, --box, --polygon, --scribble or --frame."
        )
    if not order and not file:
        raise PromptError(
            "Say where the object is: --point, --box, --prompts or --from-labels."
        )


def _prompts(
    ctx: click.Context, options: dict[str, Any], opened: Image
) -> dict[Address, Prompts]:
    found = prompts_in_files(options, opened)
    if found is not None:
        return found
    said = prompts_from(ctx.meta["said"], options)
    return {Address(options["frame"] or 0, 1): said}


def _write_overlay(
    path: Path, seen: PromptableImage, asked: Mapping[Address, Prompts], labels: Any
) -> None:
    """Draw the first plane that something was said about."""
    from napari_sam.io import write_overlay

    frame = next(iter(asked)).frame
    picture = seen.appearance.render(seen.frames[frame])
    plane = np.asarray(labels[tuple(seen.frames.unravel(frame).values())])
    here = {at.object_id: p for at, p in asked.items() if at.frame == frame}
    write_overlay(path, picture, plane, here)
