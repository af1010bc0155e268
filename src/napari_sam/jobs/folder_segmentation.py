"""Masks of a folder of images, each with prompts of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING

from napari_sam.core.errors import JobError, PromptError
from napari_sam.core.progress import drain
from napari_sam.core.prompts.prompts_in_tiles import check_inside
from napari_sam.io import check_labels_fit
from napari_sam.io.settings import SaveSettings
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.folder_run import SAFE, FolderRun, ImageOutcome
from napari_sam.jobs.full_disk import full_disk_named
from napari_sam.jobs.painting import save_masks
from napari_sam.jobs.prompt_pairs import prompt_pairs
from napari_sam.jobs.promptable_settings import PromptableSettings
from napari_sam.jobs.results_file import ResultsFile, results_path, results_setup
from napari_sam.jobs.segment_jobs import SegmentJob, segment_images
from napari_sam.jobs.settings import SegmentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping
    from pathlib import Path

    from napari_sam.core.address import Address
    from napari_sam.core.progress import Progress
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend
    from napari_sam.io import Image
    from napari_sam.jobs.image_spec import ModelSpec
    from napari_sam.jobs.prompt_sources import (
        FoundPrompts,
        PromptFiles,
        PromptSource,
        PromptTable,
    )
    from napari_sam.jobs.segment_jobs import MaskResult, MaskResults


@dataclass(frozen=True, slots=True)
class FolderJob:
    """A folder of images, their prompts, and where labels go.

    Attributes
    ----------
    images
        The folder.
    prompts
        A folder of files named as the images, or a CSV with a column "image".
    output
        A folder, which is made: a file of labels per image.
    model
        Which model.
    settings
        How images are read, shown and cut; its store is a folder of stores.
    save
        Form of the labels, and whether those of others are replaced.
    threshold
        Logits above this are the object.
    """

    images: Path
    prompts: PromptFiles
    output: Path
    model: ModelSpec
    settings: PromptableSettings = field(default_factory=PromptableSettings)
    save: SaveSettings = field(default_factory=SaveSettings)
    threshold: float = 0.0

    def __post_init__(self) -> None:
        SegmentSettings(self.threshold)  # which refuses what is no number


def segment_folder(
    job: FolderJob,
    executor: Executor | None = None,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> list[ImageOutcome]:
    """Segment the images of a folder: see `iter_segment_folder`."""
    return drain(iter_segment_folder(job, executor, backend=backend, report=report))


def iter_segment_folder(
    job: FolderJob,
    executor: Executor | None = None,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Segment the images of a folder; what one of them lacks does not stop the others.

    Labels are written as soon as an image has all of its masks. Closing the generator
    stops; the same job goes on where it was, and leaves alone what is finished.

    Parameters
    ----------
    job
        Images, prompts, output and settings.
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
    PromptError
        If the prompts are of one image only.
    """
    pairs = prompt_pairs(job.images, job.prompts)
    if pairs is None:
        raise PromptError(
            f"{job.prompts.path} has no prompts for images of a folder: expected a "
            'folder of files named as the images, or a CSV with a column "image".'
        )
    run = _FolderRun(job, backend or job.model.open(), report)
    run.prepare(pairs.sources)
    run.name_missing(pairs.without_image)
    if run.works:
        yield from segment_images(
            [work.job for work in run.works], executor or Executor(), ready=run.write
        )
    return run.outcomes


def without_failures(results: MaskResults) -> dict[Address, MaskResult]:
    """Return the masks, if all objects have one.

    Raises
    ------
    JobError
        Otherwise, with the reason.
    """
    failures = [r.reason for r in results.values() if isinstance(r, Failure)]
    if failures:
        raise JobError(
            f"{len(failures)} of {len(results)} objects failed, and no labels were "
            f"written: {failures[0]}"
        )
    return {at: r for at, r in results.items() if not isinstance(r, Failure)}


@dataclass(frozen=True, slots=True)
class _ImageWork:
    """An image of the folder, open, with its prompts."""

    path: Path
    output: Path
    image: Image
    job: SegmentJob
    name: str
    found: FoundPrompts


class _FolderRun(FolderRun[_ImageWork]):
    """One run over a folder: the tasks, and the outcome of each image."""

    def __init__(
        self,
        job: FolderJob,
        backend: Backend,
        report: Callable[[ImageOutcome], object] | None,
    ) -> None:
        super().__init__(job.output, overwrite=job.save.overwrite, report=report)
        self._job, self._backend = job, backend

    def prepare(self, sources: Mapping[Path, PromptSource]) -> None:
        """Open every image here once; name those that fail."""
        self.prepare_images(sources, lambda path: self._prepared(path, sources[path]))

    def name_missing(self, names: Iterable[str]) -> None:
        """Note the prompts that are about no image of the folder."""
        for name in names:
            path = self._job.images / name
            reason = f"{self._job.prompts.path} has prompts for {name}: no such image."
            self.note(ImageOutcome(path, "missing", reason))

    def write(self, i: int, results: MaskResults) -> None:
        """Write the labels of an image that has all of its masks."""
        work = self.works[i]
        with self.failure_noted(work.path):
            masks = without_failures(results)
            save = SaveSettings(coco=self._job.save.coco, overwrite=True)
            more = work.found.attributes
            with full_disk_named(work.output, SAFE):
                self.finished.begin(work.path)
                covered = save_masks(
                    work.output, masks, work.image, save, attributes=more
                )
            if work.job.results is not None:
                work.job.results.delete()
            self.finished.append(work.path, work.name, work.output)
            outcome = ImageOutcome(
                work.path,
                "written",
                masks=masks,
                outside=work.found.outside,
                covered=covered,
                found=work.found,
            )
            self.note(outcome)

    def _prepared(self, path: Path, source: PromptSource) -> _ImageWork | None:
        if source is None:
            self.note(ImageOutcome(path, "skipped"))
            return None
        work = self._open(path, source)
        largest = max((at.object_id for at in work.found.prompts), default=0)
        check_labels_fit(work.output, work.image, largest=largest)
        return work

    def _open(self, path: Path, source: PromptFiles | PromptTable) -> _ImageWork:
        """Open an image and its prompts, and check that they lie on it."""
        job = self._job
        settings = job.settings.of_folder(path)
        image = settings.read.read(path)
        found = source.read(image)
        for prompts in found.prompts.values():
            check_inside(prompts, image.frames.plane_shape)
        promptable = settings.open(image, self._backend)
        output = job.output / f"{path.stem}.{job.save.format}"
        setup = results_setup(
            path, promptable, job.threshold, part=str(settings.read.part)
        )
        results = ResultsFile(results_path(output), setup)
        if job.save.overwrite:
            results.delete()
        spec = settings.spec(promptable, path, job.model)
        plane = image.frames.plane_shape
        work = SegmentJob(spec, found.prompts, plane, job.threshold, results)
        return _ImageWork(
            path, output, image, work, _name_of(setup, found.prompts), found
        )


def _name_of(setup: str, prompts: Mapping[Address, Prompts]) -> str:
    """Name all that the labels of an image depend on."""
    listed = "".join(
        f"{at.frame} {at.object_id} {p.digest}\n" for at, p in prompts.items()
    )
    return blake2b(f"{setup}\n{listed}".encode(), digest_size=16).hexdigest()
