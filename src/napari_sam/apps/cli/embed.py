"""``napari-sam embed``: embeddings ahead of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import IMAGE, image_options
from napari_sam.apps.cli.options.model import model_options, model_spec, open_model
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.options.workers import worker_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.atomic_write import check_writable
from napari_sam.core.errors import NapariSamError, PromptError, StoreError
from napari_sam.image.settings import EmbedSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.core.protocols import Backend
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io.settings import ReadSettings
    from napari_sam.jobs import (
        EmbeddedImages,
        EmbedJob,
        Executor,
        ModelSettings,
        PromptableSettings,
    )

_HINT = "the same command goes on from here."


def _region(text: str) -> tuple[int, ...]:
    return _integers("--region", text, ",", (4,))


def _frames(text: str) -> tuple[int, int]:
    ends = _integers("--frames", text, "-", (1, 2))
    return ends[0], ends[-1]


def _integers(
    option: str, text: str, between: str, counts: Sequence[int]
) -> tuple[int, ...]:
    try:
        numbers = tuple(int(part) for part in text.split(between))
    except ValueError:
        numbers = ()
    if len(numbers) not in counts:
        example = "0,0,2048,2048" if between == "," else "0-9 or 3"
        raise PromptError(f"{option} {text}: expected e.g. {example}.")
    return numbers


#: Adds ``tiles: EmbedSettings``.
_tile_options = settings_options(
    "tiles",
    EmbedSettings,
    fields=("region", "frames", "background"),
    metavars={
        "region": "TOP,LEFT,BOTTOM,RIGHT",
        "frames": "FIRST[-LAST]",
        "background": "VALUE",
    },
    parse={"region": _region, "frames": _frames},
)


@click.command(no_args_is_help=True)
@click.argument("image", type=IMAGE)
@click.option(
    "--store",
    required=True,
    metavar="PATH",
    help="Folder of the store of embeddings; with --each, a folder of such folders.",
)
@click.option(
    "--each", is_flag=True, help="Every file of a folder is an image of its own."
)
@_tile_options
@worker_options
@image_options
@tiling_options
@model_options("Which model. [default: pocket]")
def embed(
    image: str,
    *,
    store: str,
    each: bool,
    tiles: EmbedSettings,
    executor: Executor,
    read: ReadSettings,
    appearance: AppearanceSettings,
    tiling: TilingSettings,
    model: ModelSettings,
) -> None:
    """Embed IMAGE ahead of time, so that prompts are decoded at once.

    What is in the store already is not computed again: after an interruption, give
    the same command.
    """
    from napari_sam.jobs import PromptableSettings, embed_images

    if "://" not in store:
        check_writable(store, folder=True)
    settings = PromptableSettings(read, appearance, tiling, store=store)
    if not each and executor.threads is None:
        _embed_here(image, settings, tiles, model)
        return
    jobs, failed = _jobs(image, settings, tiles, model, each=each)
    found = drain_with_progress(embed_images(jobs, executor), _HINT)
    _report(found, failed, store)


def _embed_here(
    path: str, settings: PromptableSettings, tiles: EmbedSettings, model: ModelSettings
) -> None:
    """Embed an image in this process, with all of its threads."""
    image = settings.open(settings.read.read(path), open_model(model))
    work = image.iter_embed(
        region=tiles.window, frames=tiles.frame_range, background=tiles.background
    )
    found = drain_with_progress(work, _HINT)
    unwritten = getattr(image.store, "unwritten", 0)
    if unwritten:
        raise StoreError(
            f"{unwritten} embeddings could not be written to {settings.store}. Free "
            "some space and give the same command: what is there is not encoded again."
        )
    say(f"{found} in {settings.store}")


def _jobs(
    path: str,
    settings: PromptableSettings,
    tiles: EmbedSettings,
    model: ModelSettings,
    *,
    each: bool,
) -> tuple[list[EmbedJob], dict[str, str]]:
    """Open every image here once, to fit how it is shown; name those that fail."""
    from napari_sam.jobs import images_of_folder

    backend = open_model(model)
    if not each:
        return [_job(path, settings, tiles, model, backend)], {}
    jobs, failed = [], {}
    for one in images_of_folder(path):
        try:
            jobs.append(_job(one, settings.of_folder(one), tiles, model, backend))
        except NapariSamError as wrong:
            failed[str(one)] = str(wrong)
    return jobs, failed


def _job(
    path: str | Path,
    settings: PromptableSettings,
    tiles: EmbedSettings,
    model: ModelSettings,
    backend: Backend,
) -> EmbedJob:
    from napari_sam.image.selection import select_tiles
    from napari_sam.jobs import EmbedJob

    image = settings.open(settings.read.read(path), backend)
    selection = select_tiles(
        image.frames,
        image.tiling,
        region=tiles.window,
        only=tiles.frame_range,
        levels=(0,),
        near=None,
        mask=None,
        background=tiles.background,
    )
    return EmbedJob(settings.spec(image, path, model_spec(model)), selection)


def _report(found: EmbeddedImages, failed: Mapping[str, str], store: str) -> None:
    lost = f", {found.lost} failed" if found.lost else ""
    say(f"{found.tiles}{lost} in {store}")
    reasons = {**failed, **found.failed}
    for path, why in reasons.items():
        text = why if path in why else f"{path}: {why}"
        click.echo(f"Failed: {' '.join(text.split())}", err=True)
    if reasons:
        raise SystemExit(1)
