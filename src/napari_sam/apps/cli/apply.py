"""``napari-sam apply``: the actions of a session on another image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.image import IMAGE
from napari_sam.apps.cli.options.model import model_options, open_model, store_option
from napari_sam.apps.cli.progress import ProgressLine, drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend, Promptable
    from napari_sam.jobs import ModelSettings
    from napari_sam.session import AnnotationSession, ModelSetup
    from napari_sam.session.persistence.record import Record

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("session", type=_FILE)
@click.argument("image", type=IMAGE)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FILE",
    required=True,
    help="Where the labels go: .tif, .png, .zarr, .json, .geojson, .gpkg, .shp ...",
)
@click.option("--overwrite", is_flag=True, help="Replace labels that are there.")
@click.option(
    "--axes",
    metavar="LETTERS",
    help="What the axes mean. [default: as in the session]",
)
@click.option(
    "--series",
    type=click.IntRange(min=0),
    metavar="N",
    help="Which of several images in the file, from 0. By default the largest.",
)
@click.option(
    "--similar",
    is_flag=True,
    help="Take another image of the same shape, such as the next time point.",
)
@model_options("Use this model instead of the session's: masks will differ.")
@store_option
def apply(
    session: Path,
    image: str,
    *,
    output: Path,
    overwrite: bool,
    axes: str | None,
    series: int | None,
    similar: bool,
    model: ModelSettings,
    store: str | None,
) -> None:
    """Replay the actions of SESSION on IMAGE.

    On the same image with the same model, the labels are the same to the byte.
    """
    from napari_sam import io
    from napari_sam.session.object_attributes import object_attributes
    from napari_sam.session.persistence.record import read_record

    io.check_labels_path(output, overwrite=overwrite)
    record = read_record(session)
    opened = io.read_image(image, axes=axes or record.image.axes, series=series)
    io.check_labels_fit(output, opened)
    work = _replayed_on(opened.frames, record, model, store, similar=similar)
    done = drain(work, ProgressLine().show)
    if similar:
        click.echo(
            "This may be another image than the session's; check the masks.",
            err=True,
        )
    io.write_labels(
        output,
        done.labels,
        axes="".join(done.frames.sizes) + "yx",
        like=opened,
        overwrite=overwrite,
        attributes=object_attributes(done),
    )
    say(f"{len(done.objects)} objects in {output}")


def replayed(
    path: Path,
    image: Path | None,
    model: ModelSettings,
    store: str | None,
    *,
    named: str = "with --image",
) -> tuple[AnnotationSession, str]:
    """Replay a session's file on its image; return it with the name of the image.

    Parameters
    ----------
    path, image
        The files; without an image, that which the session names.
    model, store
        Instead of the session's own.
    named
        How a person names the image.

    Raises
    ------
    SessionError
        If the image is not where the session says, and was not given.
    """
    from napari_sam import io
    from napari_sam.session.persistence.record import read_record

    record = read_record(path)
    file = image or Path(record.source)
    if image is None and not (record.source and file.exists()):
        raise SessionError(
            f"{path} is about the image {record.source or 'of no name'}, which is not "
            f"there. Name its file {named}."
        )
    frames = io.read_image(file, axes=record.image.axes).frames
    work = _replayed_on(frames, record, model, store)
    return drain_with_progress(work, "nothing was written."), file.stem


def _replayed_on(
    frames: Frames,
    record: Record,
    model: ModelSettings,
    store: str | None,
    *,
    similar: bool = False,
) -> Generator[Progress, None, AnnotationSession]:
    """Replay a record on an image, each step with the model that it says."""
    from napari_sam.session.persistence.replay import replay

    def image_for(setup: ModelSetup | None) -> Promptable:
        return _promptable(setup, frames, model, store)

    return replay(record, image_for, similar=similar)


def _promptable(
    setup: ModelSetup | None, frames: Frames, model: ModelSettings, store: str | None
) -> Promptable:
    """Return the image with the model and the settings of a session."""
    from napari_sam.api import open_store
    from napari_sam.image import PromptableImage

    name = model.name or (setup.model if setup else "pocket")
    backend = open_model(replace(model, name=name))
    if setup is None:
        return PromptableImage(frames, backend)
    if model.name is None:
        _check_model(setup, backend)
    elif backend.fingerprint != setup.fingerprint:
        click.echo(
            f"Using {backend.fingerprint} instead of {setup.fingerprint}: masks may "
            "differ from those of the session.",
            err=True,
        )
    return PromptableImage(
        frames,
        backend,
        appearance=setup.appearance,
        store=open_store(store) if store else None,
        tiling=setup.tiling,
        connected=setup.connected,
    )


def _check_model(setup: ModelSetup, backend: Backend) -> None:
    if backend.fingerprint != setup.fingerprint:
        raise SessionError(
            f"The masks of the session were predicted by {setup.model} "
            f"({setup.fingerprint}); the model here is {backend.fingerprint}. Give its "
            "weights with --checkpoint FILE and its --precision; or use the model here "
            f"with --model {setup.model}: masks will differ then."
        )
