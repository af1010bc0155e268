"""``napari-sam embed``: embeddings ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from napari_sam.apps.cli.options.image import looking_options, open_image
from napari_sam.apps.cli.options.model import model_options, open_model
from napari_sam.apps.cli.options.tiling import cutting_options, promptable
from napari_sam.apps.cli.options.workers import (
    done_with_progress,
    executor_of,
    image_spec_of,
    images_of_folder,
    store_of,
    working_options,
)
from napari_sam.core.errors import NapariSamError, PromptError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.protocols import Backend
    from napari_sam.jobs import EmbeddedImages, EmbedJob

_HINT = "the same command goes on from here."


@click.command(no_args_is_help=True)
@click.argument("image")
@click.option(
    "--store",
    required=True,
    metavar="PATH",
    help="Folder where embeddings are kept; with --each, a folder of such folders.",
)
@click.option(
    "--each", is_flag=True, help="Every file of a folder is an image of its own."
)
@click.option(
    "--region",
    metavar="TOP,LEFT,BOTTOM,RIGHT",
    help="Only tiles that answer for a part of this.",
)
@click.option(
    "--frames", metavar="FIRST[-LAST]", help="Only these planes, counted from 0."
)
@click.option(
    "--background",
    type=float,
    metavar="VALUE",
    help="Skip tiles in which no pixel is above this.",
)
@working_options
@looking_options
@cutting_options
@click.option("--model", metavar="NAME", help="Which model. [default: pocket]")
@model_options
def embed(image: str, **options: Any) -> None:
    """Look at IMAGE ahead of time, so that later prompts are answered at once.

    What is in the store already is not computed again: after an interruption, give
    the same command.
    """
    wanted = _wanted(options)
    where = executor_of(options)
    if not options["each"] and where.threads is None:
        seen = promptable(open_image(image, options), options)
        done = done_with_progress(seen.iter_embed(**wanted), _HINT)
        click.echo(f"{done} in {options['store']}")
        return
    from napari_sam.jobs import embed_images

    jobs, failed = _jobs(image, wanted, options)
    found = done_with_progress(embed_images(jobs, where), _HINT)
    _report(found, failed, options["store"])


def _wanted(options: Mapping[str, Any]) -> dict[str, Any]:
    from napari_sam.core.geometry.region import Region

    region = _whole("--region", options["region"], ",", (4,))
    ends = _whole("--frames", options["frames"], "-", (1, 2))
    return {
        "region": Region(*region) if region else None,
        "frames": ends and range(ends[0], ends[-1] + 1),
        "background": options["background"],
    }


def _jobs(
    image: str, wanted: Mapping[str, Any], options: Mapping[str, Any]
) -> tuple[list[EmbedJob], dict[str, str]]:
    """Open every image here once, to fit how it is shown; name those that fail."""
    model = open_model(options)
    if not options["each"]:
        return [_job(image, wanted, options, model)], {}
    jobs, failed = [], {}
    for path in images_of_folder(image):
        try:
            own = {**options, "store": store_of(path, options)}
            jobs.append(_job(path, wanted, own, model))
        except NapariSamError as wrong:
            failed[str(path)] = str(wrong)
    return jobs, failed


def _job(
    path: str | Path,
    wanted: Mapping[str, Any],
    options: Mapping[str, Any],
    model: Backend,
) -> EmbedJob:
    from napari_sam.image.selection import select_tiles
    from napari_sam.jobs import EmbedJob

    seen = promptable(open_image(path, options), options, model)
    tiles = select_tiles(
        seen.frames,
        seen.tiling,
        region=wanted["region"],
        only=wanted["frames"],
        levels=(0,),
        near=None,
        mask=None,
        background=wanted["background"],
    )
    return EmbedJob(image_spec_of(seen, path, options), tiles)


def _report(found: EmbeddedImages, failed: Mapping[str, str], store: str) -> None:
    lost = f", {found.lost} failed" if found.lost else ""
    click.echo(f"{found.tiles}{lost} in {store}")
    reasons = {**failed, **found.failed}
    for path, why in reasons.items():
        text = why if path in why else f"{path}: {why}"
        click.echo(f"Failed: {' '.join(text.split())}", err=True)
    if reasons:
        raise SystemExit(1)


def _whole(
    option: str, text: str | None, between: str, counts: Sequence[int]
) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        numbers = tuple(int(part) for part in text.split(between))
    except ValueError:
        numbers = ()
    if len(numbers) not in counts:
        example = "0,0,2048,2048" if between == "," else "0-9 or 3"
        raise PromptError(f"{option} {text}: expected e.g. {example}.")
    return numbers
