"""``napari-sam segment``: masks from prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.asking import asking_options, prompts_in_files
from napari_sam.apps.cli.cutting import cutting_options, promptable
from napari_sam.apps.cli.looking import looking_options, open_image
from napari_sam.apps.cli.saying import SayingCommand, prompts_from, saying_options
from napari_sam.core.errors import PromptError
from napari_sam.core.values import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image

_FILE = click.Path(path_type=Path)


@click.command(cls=SayingCommand, no_args_is_help=True)
@click.argument("image", type=_FILE)
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
@click.option("--checkpoint", type=_FILE, metavar="FILE", help="Weights of the model.")
@click.option("--device", default="auto", show_default=True, help="cpu, cuda, mps.")
@click.option(
    "--precision", default="auto", show_default=True, help="float32 or bfloat16."
)
@click.option(
    "--store",
    metavar="PATH",
    help="Folder where embeddings are kept, so that the next time is quick.",
)
@cutting_options
@click.option(
    "--threshold",
    type=float,
    default=0.0,
    show_default=True,
    help="Higher gives smaller masks, lower larger ones.",
)
@click.pass_context
def segment(ctx: click.Context, /, image: Path, **options: Any) -> None:
    """Masks from prompts on IMAGE, written as labels or polygons.

    Several points and boxes given here are about one object, in that order, and its
    label is 1. For several objects use --prompts.
    """
    from napari_sam import io
    from napari_sam.api import paint, segment_objects

    _check_outputs(options)
    _check_said(ctx, options)
    opened = open_image(image, options)
    asked = _prompts(ctx, options, opened)
    seen = promptable(opened, options)
    answers = {
        at: answer.with_threshold(options["threshold"])
        for at, answer in segment_objects(seen, asked).items()
    }
    labels = paint(answers, seen.frames)
    if options["output"]:
        io.write_labels(
            options["output"],
            labels,
            axes="".join(seen.frames.sizes) + "yx",
            like=opened,
            overwrite=options["overwrite"],
            coco=options["coco"],
        )
    if options["overlay"]:
        _write_overlay(options["overlay"], seen, asked, labels)
    _report(answers)


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
    plane = labels.reshape(-1, *seen.frames.plane_shape)[frame]
    here = {at.object_id: p for at, p in asked.items() if at.frame == frame}
    write_overlay(path, picture, plane, here)


def _report(answers: Mapping[Address, Prediction]) -> None:
    click.echo("object  frame  score    area  top,left,bottom,right")
    for at, answer in answers.items():
        r = answer.region
        place = f"{r.top},{r.left},{r.bottom},{r.right}" if answer.area else "-"
        click.echo(
            f"{at.object_id:6}  {at.frame:5}  {answer.score:5.3f}  {answer.area:6}  "
            f"{place}"
        )
    for at in (at for at, answer in answers.items() if not answer.area):
        click.echo(
            f"The mask of object {at.object_id} in frame {at.frame} is empty.", err=True
        )
    for at in (at for at, answer in answers.items() if not answer.complete):
        click.echo(
            f"Object {at.object_id} in frame {at.frame} goes on beyond what was looked "
            "at: its mask is incomplete. A larger --tile or a box around it helps.",
            err=True,
        )
