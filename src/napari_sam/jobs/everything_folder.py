"""Automatic masks of a folder of images."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from napari_sam.automatic.settings import AutomaticSettings, SimilarSettings
from napari_sam.core.errors import JobError
from napari_sam.io.settings import SaveSettings
from napari_sam.jobs.everything_jobs import (
    AutomaticResult,
    EverythingJob,
    everything_images,
)
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.folder_run import SAFE, FolderRun, ImageOutcome
from napari_sam.jobs.full_disk import full_disk_named
from napari_sam.jobs.painting import save_masks
from napari_sam.jobs.physical_sizes import automatic_in_pixels
from napari_sam.jobs.prompt_pairs import images_of_folder
from napari_sam.jobs.promptable_settings import PromptableSettings
from napari_sam.jobs.results_file import results_setup
from napari_sam.jobs.sa1b import check_sa1b, save_sa1b

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from napari_sam.automatic.similar import Examples
    from napari_sam.core.address import Address
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image
    from napari_sam.jobs.image_spec import ModelSpec


@dataclass(frozen=True, slots=True)
class EverythingFolderJob:
    """A folder of images of which all objects are to be found, and where labels go.

    Attributes
    ----------
    images, output
        The folder, and that of the labels, which is made.
    model
        Which model.
    automatic
        How objects are found, and which stay.
    settings
        How images are read, shown and cut; its store is a folder of stores.
    save
        Form of the labels, and whether those of others are replaced.
    examples, similar
        If given, only objects that are so similar to examples stay.
    sa1b
        Whether masks are written as SA-1B has them, in a .json file for each image.
    """

    images: Path
    output: Path
    model: ModelSpec
    automatic: AutomaticSettings = field(default_factory=AutomaticSettings)
    settings: PromptableSettings = field(default_factory=PromptableSettings)
    save: SaveSettings = field(default_factory=SaveSettings)
    examples: Examples | None = None
    similar: SimilarSettings = field(default_factory=SimilarSettings)
    sa1b: bool = False

    @property
    def setup(self) -> str:
        """What the labels depend on, besides the image and its model."""
        found = f"{asdict(self.automatic)}"
        if self.examples is None:
            return found
        return f"{found}\n{self.examples.token}\n{asdict(self.similar)}"


def iter_everything_folder(
    job: EverythingFolderJob,
    executor: Executor | None = None,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Find all objects of the images of a folder, and write their labels.

    What one image lacks does not stop the others. Closing the generator stops; the same
    job goes on where it was, and leaves alone what is finished.

    Parameters
    ----------
    job
        Images, output and settings.
    executor
        Who does it. By default, this process.
    backend
        The model, if it is open already.
    report
        Called with each outcome as soon as it is known.

    Raises
    ------
    ImageError
        If images or output are no folders.
    """
    images = images_of_folder(job.images)
    run = _FolderRun(job, backend or job.model.open(), report)
    run.prepare(images)
    if run.works:
        yield from everything_images(
            [work.job for work in run.works], executor or Executor(), ready=run.write
        )
    return run.outcomes


@dataclass(frozen=True, slots=True)
class _ImageWork:
    """An image of the folder, open."""

    path: Path
    output: Path
    image: Image
    job: EverythingJob
    name: str


class OpenedImage(NamedTuple):
    """An image of a folder, opened with its model.

    Attributes
    ----------
    image, promptable
        As it was read, and with its model.
    job
        The task of finding all of its objects.
    name
        Digest of all that its labels depend on.
    """

    image: Image
    promptable: PromptableImage
    job: EverythingJob
    name: str


def open_in_folder(
    path: Path,
    backend: Backend,
    model: ModelSpec,
    automatic: AutomaticSettings,
    settings: PromptableSettings,
    setup: str,
) -> OpenedImage:
    """Open an image of a folder in which all objects are to be found."""
    settings = settings.of_folder(path)
    image = settings.read.read(path)
    promptable = settings.open(image, backend)
    spec = settings.spec(promptable, path, model)
    setup = f"{results_setup(path, promptable, 0.0)}\n{setup}"
    return OpenedImage(
        image,
        promptable,
        EverythingJob.of(promptable, spec, automatic_in_pixels(automatic, image)),
        blake2b(setup.encode(), digest_size=16).hexdigest(),
    )


class _FolderRun(FolderRun[_ImageWork]):
    """One run over a folder: the tasks, and the outcome of each image."""

    def __init__(
        self,
        job: EverythingFolderJob,
        backend: Backend,
        report: Callable[[ImageOutcome], object] | None,
    ) -> None:
        super().__init__(job.output, overwrite=job.save.overwrite, report=report)
        self._job, self._backend = job, backend

    def prepare(self, images: Sequence[Path]) -> None:
        """Open every image here once; name those that fail."""
        self.prepare_images(images, self._open)

    def write(self, i: int, found: dict[Address, AutomaticResult] | Failure) -> None:
        """Write the labels of an image of which all objects were found."""
        work = self.works[i]
        with self.failure_noted(work.path):
            if isinstance(found, Failure):
                raise JobError(found.reason)
            save = SaveSettings(coco=self._job.save.coco, overwrite=True)
            with full_disk_named(work.output, SAFE):
                self.finished.begin(work.path)
                if self._job.sa1b:
                    save_sa1b(work.output, found, work.image)
                else:
                    save_masks(work.output, found, work.image, save)
            self.finished.append(work.path, work.name, work.output)
            self.note(ImageOutcome(work.path, "written", masks=found))

    def _open(self, path: Path) -> _ImageWork:
        job = self._job
        opened = open_in_folder(
            path, self._backend, job.model, job.automatic, job.settings, job.setup
        )
        if job.sa1b:
            check_sa1b(opened.image.frames)
        work = replace(opened.job, examples=job.examples, similar=job.similar)
        suffix = "json" if job.sa1b else job.save.format
        output = job.output / f"{path.stem}.{suffix}"
        return _ImageWork(path, output, opened.image, work, opened.name)
