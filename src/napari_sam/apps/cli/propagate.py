"""``napari-sam propagate``: objects propagated through a movie or a stack."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import settings_options
from napari_sam.apps.cli.options.image import image_options
from napari_sam.apps.cli.options.model import model_options, open_model, store_option
from napari_sam.apps.cli.options.tiling import tiling_options
from napari_sam.apps.cli.options.tracks import track_format, tracks_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.tracking.settings import PropagateSettings

if TYPE_CHECKING:
    from napari_sam.image.settings import AppearanceSettings, TilingSettings
    from napari_sam.io import Image
    from napari_sam.io.settings import ReadSettings
    from napari_sam.jobs import ModelSettings
    from napari_sam.tracking.seeds import Seeds
    from napari_sam.tracking.track_files import TrackFormat

_FILE = click.Path(path_type=Path)


@click.command(no_args_is_help=True)
@click.argument("image")
@click.option(
    "--prompts",
    type=_FILE,
    metavar="FILE",
    help="Prompts of objects on any frames, such as .json or .csv.",
)
@click.option(
    "--from-labels",
    type=_FILE,
    metavar="FILE",
    help="Labels of one frame, or of all frames: each with objects is a seed.",
)
@click.option(
    "--frame",
    type=int,
    default=0,
    metavar="INDEX",
    show_default=True,
    help="The frame that labels of one frame are of, from 0.",
)
@tracks_options
@click.option("--axis", metavar="LETTER", help="Go along t or z. [default: t, else z]")
@click.option(
    "--frames",
    type=int,
    nargs=2,
    metavar="FIRST LAST",
    help="Only these positions along the axis, both included. [default: all]",
)
@click.option(
    "--method",
    type=click.Choice(["auto", "prompt", "memory"]),
    default="auto",
    show_default=True,
    help="By prompts, with any model, or by the memory of a video model.",
)
@settings_options("settings", PropagateSettings)
@image_options
@model_options()
@store_option
@tiling_options
def propagate(
    image: str,
    *,
    prompts: Path | None,
    from_labels: Path | None,
    frame: int,
    output: Path,
    form: TrackFormat | None,
    overwrite: bool,
    axis: str | None,
    frames: tuple[int, int] | None,
    method: str,
    settings: PropagateSettings,
    read: ReadSettings,
    appearance: AppearanceSettings,
    model: ModelSettings,
    store: str | None,
    tiling: TilingSettings,
) -> None:
    """Propagate objects through IMAGE, from the frames on which they are given.

    Frames are read one by one. The same command goes on where it was stopped.
    """
    from napari_sam.jobs import PromptableSettings, label_target
    from napari_sam.tracking import iter_tracks
    from napari_sam.tracking.track_files import check_tracks_path

    form = track_format(output, form)
    check_tracks_path(output, form, overwrite=overwrite)
    opened = read.read(image)
    seeds = _seeds(opened, prompts, from_labels, frame)
    promptable = PromptableSettings(read, appearance, tiling, store=store).open(
        opened, open_model(model)
    )
    record = output.parent / f"{output.name}.frames.jsonl"
    record.parent.mkdir(parents=True, exist_ok=True)
    with label_target(output, promptable.frames) as on_disk:
        work = iter_tracks(
            promptable,
            seeds,
            axis=axis,
            method=method,
            frames=frames,
            settings=settings,
            out=on_disk,
            record=record,
        )
        tracks = drain_with_progress(work, "the same command goes on from here.")
        tracks.save(output, format=form, like=opened, overwrite=overwrite)
    record.unlink(missing_ok=True)
    flagged = sum(int(s.flags.sum()) for s in tracks.segments)
    rows = sum(map(len, tracks.segments))
    say(f"{len(tracks.segments)} objects, {rows} masks, {flagged} flagged, in {output}")


def _seeds(
    image: Image, prompts: Path | None, from_labels: Path | None, frame: int
) -> Seeds:
    from napari_sam import io

    if (prompts is None) == (from_labels is None):
        raise PromptError("Give the objects: either --prompts or --from-labels.")
    if prompts is not None:
        return io.read_prompts(prompts, image=image)
    assert from_labels is not None
    labels = io.read_label_image(from_labels).frames
    if labels.n_channels is not None or labels.dtype.kind not in "bui":
        raise ImageError(f"{from_labels}: labels are whole numbers, without channels.")
    if len(labels) == 1:
        return {frame: labels[0]}
    if len(labels) != len(image.frames):
        raise ImageError(
            f"{from_labels} has {len(labels)} frames and the image {len(image.frames)}:"
            " give labels of one frame, or of all."
        )
    found = ((at, labels[at]) for at in range(len(labels)))
    return {at: plane for at, plane in found if plane.any()}
