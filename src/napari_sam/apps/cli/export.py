"""``napari-sam export``: a labelled data set in the format of another program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import appearance_options
from napari_sam.apps.cli.options.model import model_options, store_option
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import ImageError, SettingError
from napari_sam.datasets.export.settings import ExportSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.datasets import LabelledImage
    from napari_sam.datasets.export import ExportReport
    from napari_sam.image.settings import AppearanceSettings
    from napari_sam.jobs.settings import ModelSettings

_FILE = click.Path(path_type=Path)
#: The end of the name of a session's file.
_SESSION = ".session.json"


def _shares(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise SettingError(
            f"--split {text}: expected shares, e.g. 0.7,0.15,0.15."
        ) from None


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


@click.command(no_args_is_help=True)
@click.argument("labelled", type=_FILE)
@click.option(
    "-o",
    "--output",
    type=_FILE,
    metavar="FOLDER",
    required=True,
    help="The folder that is made.",
)
@click.option(
    "--overwrite", is_flag=True, help="Replace a data set that was exported before."
)
@click.option(
    "--layout",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="How the files of LABELLED lie.",
)
@click.option(
    "--image", type=_FILE, metavar="IMAGE", help="The image of a session's file."
)
@settings_options(
    "settings",
    ExportSettings,
    metavars={
        "split": "SHARES",
        "experiment": "PATTERN",
        "classes": "NAME,...",
        "default_class": "NAME",
        "crowd": "NAME",
        "title": "TEXT",
        "source": "TEXT",
        "licence": "TEXT",
        "labelled_by": "TEXT",
    },
    parse={"split": _shares, "classes": _names},
)
@appearance_options
@model_options("The model of a session, instead of its own: masks will differ.")
@store_option
def export(
    labelled: Path,
    *,
    output: Path,
    overwrite: bool,
    layout: str,
    image: Path | None,
    settings: ExportSettings,
    appearance: AppearanceSettings,
    model: ModelSettings,
    store: str | None,
) -> None:
    """Write LABELLED as a data set that other programs read.

    LABELLED is a folder of images with their labels, in any layout that train reads; a
    folder of such folders; or a session, as the dock saves it, with --image.
    """
    from napari_sam.api import iter_export_labels

    if labelled.name.endswith(_SESSION):
        images: Path | Sequence[LabelledImage] = _of_session(
            labelled, image, model, store
        )
    elif image is not None:
        raise ImageError(f"--image goes with a session; {labelled} is none.")
    else:
        images = labelled
    work = iter_export_labels(
        images,
        output,
        settings=settings,
        layout=layout,
        overwrite=overwrite,
        appearance=_shown(appearance),
    )
    hint = "the same command goes on; nothing is at the output yet."
    _tell(drain_with_progress(work, hint))


def _shown(settings: AppearanceSettings) -> Callable[[Frames], Appearance] | None:
    """Return what shows an image in 8 bits; None where nothing was chosen."""
    chosen = [settings.channels, settings.index, settings.limits, settings.percentiles]
    if settings.gamma is None and not any(chosen):
        return None
    return lambda frames: settings.fit(frames, None)


def _of_session(
    path: Path, image: Path | None, model: ModelSettings, store: str | None
) -> Sequence[LabelledImage]:
    from napari_sam.api import session_images
    from napari_sam.apps.cli.apply import replayed

    session, opened = replayed(path, image, model, store)
    return session_images(session, name=opened)


def _tell(report: ExportReport) -> None:
    parts = [f"{count} {subset or 'images'}" for subset, count in report.images.items()]
    say(f"{report.objects} objects, {', '.join(parts)}, in {report.path}")
    for what, count in report.losses.items():
        click.echo(f"Lost or changed: {what} ({count})", err=True)
