"""Prompts of many objects: from a file, or from labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from napari_sam.core.errors import ImageError, PromptError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from napari_sam.core.address import Address
    from napari_sam.core.prompts import Prompts
    from napari_sam.io import Image

_FILE = click.Path(path_type=Path)


def asking_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add --prompts, --from-labels, --as and --crs."""
    for option in (
        click.option(
            "--crs",
            metavar="EPSG:CODE",
            help="Reference system of --prompts, where the file does not say it.",
        ),
        click.option(
            "--as",
            "form",
            type=click.Choice(["box", "point", "mask"]),
            default="box",
            show_default=True,
            help="What the model is told of labels and polygons.",
        ),
        click.option(
            "--from-labels",
            type=_FILE,
            metavar="FILE",
            help="Every object of a label image is a prompt.",
        ),
        click.option(
            "--prompts",
            "prompts_file",
            type=_FILE,
            metavar="FILE",
            help="Prompts of several objects: .csv, .json, .geojson or .gpkg.",
        ),
    ):
        command = option(command)
    return command


def prompts_in_files(
    options: Mapping[str, Any], image: Image
) -> dict[Address, Prompts] | None:
    """Read what --prompts or --from-labels say; None if neither was given."""
    check_one_source(options)
    if options["prompts_file"]:
        return _from_prompts(options["prompts_file"], options, image)
    if options["from_labels"]:
        return _from_labels(options["from_labels"], options["form"], image)
    return None


def check_one_source(options: Mapping[str, Any]) -> None:
    """Refuse --prompts together with --from-labels."""
    if options["prompts_file"] and options["from_labels"]:
        raise PromptError("Give either --prompts or --from-labels, not both.")


def _from_prompts(
    path: Path, options: Mapping[str, Any], image: Image
) -> dict[Address, Prompts]:
    from napari_sam.io import read_prompts_on

    found = read_prompts_on(path, image, form=options["form"], crs=options["crs"])
    if not found.prompts:
        raise PromptError(f"{path} holds no prompts.")
    if found.outside:
        click.echo(
            f"{path}: not on the image, and left out: {found.outside} of its features.",
            err=True,
        )
    return found.prompts


def _from_labels(path: Path, form: Any, image: Image) -> dict[Address, Prompts]:
    from napari_sam.io import prompts_of_labels, read_image

    frames = image.frames
    labels = read_image(path, axes="".join(frames.sizes) + "yx").frames
    if (labels.sizes, labels.plane_shape) != (frames.sizes, frames.plane_shape):
        raise ImageError(
            f"{path} is {labels!r}, which does not lie on the image, {frames!r}."
        )
    return prompts_of_labels(labels, form=form)
