"""``napari-sam everything``: all objects of an image, without prompts."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.folder_segmentation import finish_folder, print_outcome
from napari_sam.apps.cli.options.automatic import automatic_options
from napari_sam.apps.cli.options.model import model_spec, open_model
from napari_sam.apps.cli.options.run import run_options
from napari_sam.apps.cli.options.save import save_options
from napari_sam.apps.cli.progress import drain_with_progress
from napari_sam.apps.cli.verbosity import say
from napari_sam.automatic.settings import SimilarSettings
from napari_sam.core.errors import ImageError, JobError

if TYPE_CHECKING:
    from napari_sam.apps.cli.options.run import RunOptions
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.automatic.similar import Examples
    from napari_sam.core.address import Address
    from napari_sam.io.settings import SaveSettings
    from napari_sam.jobs import (
        Failure,
    )
    from napari_sam.jobs.everything_jobs import AutomaticResult
    from napari_sam.jobs.example_files import ExampleFiles


#: What a full disk takes nothing of.
_SAFE = (
    "What was there before is as it was. Make room, or give -o on another disk, and "
    "repeat the command; with --store, nothing is encoded again."
)


@click.command(no_args_is_help=True)
@click.argument("image")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Where the labels go: .tif, .png, .zarr, .geojson, .gpkg or .json; a folder "
    "for a folder of images.",
)
@save_options
@click.option(
    "--frame",
    type=int,
    metavar="INDEX",
    help="Only this frame of a stack, from 0. [default: every frame by itself]",
)
@click.option(
    "--sa1b",
    is_flag=True,
    help="Write masks with scores, points and crops as SA-1B has them: into a .json "
    "file, or one for each image of a folder.",
)
@automatic_options
@run_options
def everything(
    image: str,
    *,
    output: Path,
    save: SaveSettings,
    frame: int | None,
    sa1b: bool,
    automatic: AutomaticSettings,
    run: RunOptions,
) -> None:
    """All objects of IMAGE, or of each image of a folder, written as labels.

    Frames of a stack are segmented one by one, and every object of every frame has a
    number of its own. An interrupted run over a folder goes on with the same command.
    """
    path = Path(image) if Path(image).exists() else image
    work = EverythingRun(path, output, save, run, automatic, sa1b=sa1b)
    if Path(image).is_dir() and is_folder_of_images(Path(image)):
        work.folder(frame)
    else:
        work.one_image(frame)


def is_folder_of_images(path: Path) -> bool:
    """Whether a folder holds images, and is not one itself, as a zarr is."""
    return not ((path / "zarr.json").exists() or (path / ".zgroup").exists())


@dataclass(frozen=True, slots=True)
class EverythingRun:
    """One run of the command, or of ``napari-sam similar``.

    Attributes
    ----------
    examples, similar
        If given, only objects that are so similar to examples are written.
    sa1b
        Whether they are written as SA-1B has them.
    """

    path: str | Path
    output: Path
    save: SaveSettings
    run: RunOptions
    automatic: AutomaticSettings
    examples: Examples | None = None
    similar: SimilarSettings = field(default_factory=SimilarSettings)
    sa1b: bool = False

    def folder(self, frame: int | None) -> None:
        """Find all objects of every image of a folder."""
        from napari_sam.jobs import EverythingFolderJob, iter_everything_folder

        if frame is not None:
            raise ImageError("--frame is of one image, and this is a folder of them.")
        job = EverythingFolderJob(
            Path(self.path),
            self.output,
            model_spec(self.run.model),
            self.automatic,
            self.run.settings,
            self.save,
            self.examples,
            self.similar,
            sa1b=self.sa1b,
        )
        work = iter_everything_folder(
            job,
            self.run.executor,
            backend=open_model(self.run.model),
            report=print_outcome,
        )
        finish_folder(work, self.output)

    def one_image(self, frame: int | None, files: ExampleFiles | None = None) -> None:
        """Find all objects of one image, or all like examples in files about it."""
        from napari_sam.io import check_labels_path
        from napari_sam.jobs import EverythingJob, everything_images, full_disk_named
        from napari_sam.jobs.painting import save_masks
        from napari_sam.jobs.physical_sizes import automatic_in_pixels
        from napari_sam.jobs.sa1b import check_sa1b, save_sa1b

        check_labels_path(self.output, overwrite=self.save.overwrite)
        if self.sa1b and self.output.suffix.lower() != ".json":
            raise ImageError(f"-o {self.output}: with --sa1b, name a .json file.")
        image = self.run.settings.read.read(self.path)
        if self.sa1b:
            check_sa1b(image.frames, chosen=frame)
        promptable = self.run.settings.open(image, open_model(self.run.model))
        spec = self.run.settings.spec(promptable, self.path, model_spec(self.run.model))
        frames = None if frame is None else [_checked(frame, len(image.frames))]
        automatic = automatic_in_pixels(self.automatic, image)
        job = EverythingJob.of(promptable, spec, automatic, frames=frames)
        job = replace(job, examples=self.examples, similar=self.similar)
        if files is not None:
            examples, own = files.on(image, promptable)
            job = replace(job, examples=examples, own=own)
        ready: list[dict[Address, AutomaticResult] | Failure] = []
        work = everything_images(
            [job], self.run.executor, ready=lambda _, found: ready.append(found)
        )
        drain_with_progress(work, "nothing was written.")
        masks = _without_failure(ready[0])
        with full_disk_named(self.output, _SAFE):
            if self.sa1b:
                save_sa1b(self.output, masks, image)
            else:
                save_masks(self.output, masks, image, self.save)
        say(f"{len(masks)} objects in {self.output}")


def _checked(frame: int, count: int) -> int:
    if not 0 <= frame < count:
        raise ImageError(f"--frame {frame}: the image has {count}, counted from 0.")
    return frame


def _without_failure(
    found: dict[Address, AutomaticResult] | Failure,
) -> dict[Address, AutomaticResult]:
    from napari_sam.jobs import Failure

    if isinstance(found, Failure):
        raise JobError(f"Nothing was written: {found.reason}")
    return found
