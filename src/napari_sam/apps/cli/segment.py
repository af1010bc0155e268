"""``napari-sam segment``: masks from prompts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.fetching import fetch_missing
from napari_sam.apps.cli.saying import SayingCommand, prompts_from, saying_options
from napari_sam.core.errors import AxesError, PromptError
from napari_sam.core.values import Address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage

_FILE = click.Path(path_type=Path)


@click.command(cls=SayingCommand, no_args_is_help=True)
@click.argument("image", type=_FILE)
@saying_options
@click.option(
    "--prompts",
    "prompts_file",
    type=_FILE,
    metavar="FILE",
    help="Prompts of several objects, as .csv or .json; one label each.",
)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    help="Where the labels go: .tif or .png.",
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
@click.option(
    "--axes",
    metavar="LETTERS",
    help="What the axes mean, e.g. yxc or tyx, unless the file says it.",
)
@click.option(
    "--channels", metavar="N[,N[,N]]", help="Channels to show to the model, from 0."
)
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
@click.option(
    "--threshold",
    type=float,
    default=0.0,
    show_default=True,
    help="Higher gives smaller masks, lower larger ones.",
)
@click.pass_context
def segment(ctx: click.Context, /, image: Path, **options: Any) -> None:
    """Masks from prompts on IMAGE, written as a label image.

    Several points and boxes given here are about one object, in that order, and its
    label is 1. For several objects use --prompts.
    """
    from napari_sam import io
    from napari_sam.api import paint, segment_objects

    _check_outputs(options)
    asked = _prompts(ctx, options)
    seen = _open(image, options)
    answers = {
        at: answer.with_threshold(options["threshold"])
        for at, answer in segment_objects(seen, asked).items()
    }
    labels = paint(answers, seen.frames)
    if options["output"]:
        axes = "".join(seen.frames.sizes) + "yx"
        io.write_labels(options["output"], labels, axes=axes)
    if options["overlay"]:
        _write_overlay(options["overlay"], seen, asked, labels)
    _report(answers)


def _check_outputs(options: dict[str, Any]) -> None:
    from napari_sam import io

    if options["output"]:
        io.check_labels_path(options["output"])
    if options["overlay"]:
        io.check_picture_path(options["overlay"])


def _prompts(ctx: click.Context, options: dict[str, Any]) -> dict[Address, Prompts]:
    from napari_sam.io import read_prompts

    order = ctx.meta["said"]
    if options["prompts_file"]:
        if order or options["frame"] is not None:
            raise PromptError(
                "--prompts says everything, frames included: it cannot be given "
                "together with --point, --box, --polygon, --scribble or --frame."
            )
        asked = read_prompts(options["prompts_file"])
        if not asked:
            raise PromptError(f"{options['prompts_file']} holds no prompts.")
        return asked
    if not order:
        raise PromptError("Say where the object is: --point, --box or --prompts.")
    return {Address(options["frame"] or 0, 1): prompts_from(order, options)}


def _open(image: Path, options: dict[str, Any]) -> PromptableImage:
    from napari_sam.api import load_backend, open_store
    from napari_sam.image import PromptableImage, fitted
    from napari_sam.io import read_image

    frames = read_image(image, axes=options["axes"]).frames
    channels = _channels(options["channels"])
    names = ("checkpoint", "device", "precision")
    if options["checkpoint"] is None:
        fetch_missing(options["model"])
    backend = load_backend(options["model"], **{k: options[k] for k in names})
    appearance = fitted(frames, backend, channels=channels)
    store = options["store"] and open_store(options["store"])
    return PromptableImage(frames, backend, appearance=appearance, store=store)


def _channels(text: str | None) -> tuple[int, ...] | None:
    try:
        return None if text is None else tuple(int(c) for c in text.split(","))
    except ValueError:
        raise AxesError(f"--channels {text}: expected e.g. 0 or 2,0,1.") from None


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
