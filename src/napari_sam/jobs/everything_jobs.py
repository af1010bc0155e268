"""Automatic masks of many planes and images, by several workers."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.automatic.automatic_masks import AutomaticMasks
from napari_sam.automatic.everything import iter_everything, uses_instances
from napari_sam.automatic.filtering import filter_masks
from napari_sam.automatic.instance_finder import blocks
from napari_sam.automatic.numbering import number_masks
from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import Progress, drain
from napari_sam.jobs.executor import Executor, Failure, run_tasks
from napari_sam.jobs.image_spec import ImageSpec, OpenImages
from napari_sam.jobs.segment_jobs import MaskResult

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from napari_sam.automatic.automatic_masks import AutomaticMask
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.core.address import Address
    from napari_sam.image import PromptableImage


@dataclass(frozen=True, slots=True)
class EverythingJob:
    """An image of which all objects are to be found.

    Attributes
    ----------
    image
        The image.
    plane_shape
        Rows and columns of its planes.
    frames
        Its planes that are looked at.
    regions
        Parts of a plane that are looked at one by one; an object belongs to the part of
        its most central pixel.
    settings
        How objects are found, and which stay.
    """

    image: ImageSpec
    plane_shape: tuple[int, int]
    frames: tuple[int, ...]
    regions: tuple[Region, ...]
    settings: AutomaticSettings

    @classmethod
    def of(
        cls,
        image: PromptableImage,
        spec: ImageSpec,
        settings: AutomaticSettings,
        *,
        frames: Sequence[int] | None = None,
        region: Region | None = None,
    ) -> EverythingJob:
        """Return the job of an image that is open here.

        Raises
        ------
        ModelError
            If instances are asked for, and the model has no instance head.
        """
        plane = Region(0, 0, *image.frames.plane_shape)
        part = plane if region is None else region.intersection(plane)
        cut = uses_instances(image, settings.find)
        regions = tuple(blocks(part)) if cut else (part,)
        chosen = range(len(image.frames)) if frames is None else frames
        return cls(spec, plane.shape, tuple(chosen), regions, settings)


@dataclass(frozen=True, slots=True)
class EverythingTask:
    """A task: one part of one plane."""

    image: ImageSpec
    frame: int
    region: Region
    settings: AutomaticSettings


def everything_images(
    jobs: Sequence[EverythingJob],
    executor: Executor,
    *,
    ready: Callable[[int, dict[Address, MaskResult] | Failure], object],
) -> Generator[Progress, None, None]:
    """Find all objects of images; one `Progress` a task.

    What is found depends on no other task, so that it is the same whoever does it.

    Parameters
    ----------
    jobs
        The images.
    executor
        Who does it.
    ready
        Called in this process with the number of a job and its masks, numbered from 1
        over all of its planes in the order to paint them in, as soon as all are there.
    """
    numbered = [
        (i, task) for i, job in enumerate(jobs) for task in _tasks(job, executor)
    ]
    left = Counter(i for i, _ in numbered)
    found: dict[int, list[tuple[EverythingTask, tuple[AutomaticMask, ...]]]] = {}
    failed: dict[int, Failure] = {}
    yield Progress(0, len(numbered), "finding objects")
    tasks = [task for _, task in numbered]
    for done, (k, result) in enumerate(run_tasks(EverythingWorker, tasks, executor), 1):
        i = numbered[k][0]
        if isinstance(result, Failure):
            failed.setdefault(i, result)
        else:
            found.setdefault(i, []).append((tasks[k], result))
        left[i] -= 1
        if not left[i]:
            mine = found.pop(i, [])
            ready(i, failed.get(i) or _numbered(jobs[i], mine))
        yield Progress(done, len(tasks), "finding objects")


class EverythingWorker:
    """Finds objects in the process of a worker, which holds the images it opened."""

    def __init__(self) -> None:
        self._images = OpenImages()

    def __call__(self, task: EverythingTask) -> tuple[AutomaticMask, ...]:
        """Return the masks of a task, before they are filtered."""
        image = self._images.open(task.image)
        work = iter_everything(
            image,
            task.frame,
            settings=task.settings.find,
            instances=task.settings.instances,
            region=task.region,
        )
        return drain(work).masks


def _tasks(job: EverythingJob, executor: Executor) -> Iterator[EverythingTask]:
    image = job.image.for_workers(executor.threads)
    for frame in job.frames:
        for region in job.regions:
            yield EverythingTask(image, frame, region, job.settings)


def _numbered(
    job: EverythingJob,
    found: Sequence[tuple[EverythingTask, tuple[AutomaticMask, ...]]],
) -> dict[Address, MaskResult]:
    """Filter the masks of each plane, and number those that stay."""
    by_frame: dict[int, list[tuple[Region, tuple[AutomaticMask, ...]]]] = {}
    for task, masks in found:
        by_frame.setdefault(task.frame, []).append((task.region, masks))
    numbered: dict[Address, MaskResult] = {}
    for frame in job.frames:
        parts = sorted(by_frame.get(frame, []), key=lambda part: part[0])
        masks = tuple(one for _, some in parts for one in some)
        stay = filter_masks(
            AutomaticMasks(masks, job.plane_shape), job.settings.filters
        )
        for at, one in number_masks(stay, frame=frame, first=len(numbered) + 1).items():
            numbered[at] = MaskResult(at, one.mask, one.score, complete=True)
    return numbered
