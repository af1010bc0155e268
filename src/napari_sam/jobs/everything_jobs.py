"""Automatic masks of many planes and images, by several workers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.automatic.everything import uses_instances
from napari_sam.automatic.example_masks import rows_of
from napari_sam.automatic.filtering import filter_masks
from napari_sam.automatic.instance_finder import blocks
from napari_sam.automatic.numbering import number_masks
from napari_sam.automatic.settings import SimilarSettings
from napari_sam.automatic.similar import Candidates
from napari_sam.core.geometry.region import Region
from napari_sam.jobs.everything_worker import EverythingTask, EverythingWorker
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.image_spec import ONE_BY_ONE, ImageSpec
from napari_sam.jobs.segment_jobs import MaskResult
from napari_sam.jobs.task_groups import run_groups

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from napari_sam.automatic.automatic_masks import AutomaticMasks
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.automatic.similar import Examples
    from napari_sam.core.address import Address
    from napari_sam.core.progress import Progress
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
    examples, similar
        If given, only objects that are so similar to examples stay.
    own
        The examples that are of this image, by their plane: they take the place of
        what is found there.
    always_describes
        Whether objects are described without examples too.
    """

    image: ImageSpec
    plane_shape: tuple[int, int]
    frames: tuple[int, ...]
    regions: tuple[Region, ...]
    settings: AutomaticSettings
    examples: Examples | None = None
    similar: SimilarSettings = field(default_factory=SimilarSettings)
    own: Mapping[int, Candidates] = field(default_factory=dict)
    always_describes: bool = False

    @property
    def describes(self) -> bool:
        """Whether objects are described."""
        return self.always_describes or self.examples is not None

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
class AutomaticResult(MaskResult):
    """An automatic mask with its number.

    Attributes
    ----------
    stability, point, crop
        As an `AutomaticMask` has them.
    """

    stability: float
    point: tuple[float, float]
    crop: Region


#: What was found of a job: tasks and their results, in any order.
Parts: TypeAlias = list[tuple[EverythingTask, Candidates]]


def everything_images(
    jobs: Sequence[EverythingJob],
    executor: Executor,
    *,
    ready: Callable[[int, dict[Address, AutomaticResult] | Failure], object],
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

    def on_found(i: int, parts: Parts | Failure) -> None:
        ready(i, parts if isinstance(parts, Failure) else _finished(jobs[i], parts))

    yield from _iter_parts(jobs, executor, on_found)


def candidate_images(
    jobs: Sequence[EverythingJob],
    executor: Executor,
    *,
    ready: Callable[[int, dict[int, Candidates] | Failure], object],
) -> Generator[Progress, None, None]:
    """Find and describe all objects of images, whatever they look like.

    Parameters
    ----------
    jobs
        The images, with examples, so that objects are described.
    executor
        Who does it.
    ready
        Called in this process with the number of a job and what passes its filters, by
        the plane.
    """

    def on_found(i: int, parts: Parts | Failure) -> None:
        ready(i, parts if isinstance(parts, Failure) else _planes(jobs[i], parts))

    yield from _iter_parts(jobs, executor, on_found)


def _iter_parts(
    jobs: Sequence[EverythingJob],
    executor: Executor,
    ready: Callable[[int, Parts | Failure], object],
) -> Generator[Progress, None, None]:
    """Do the tasks of jobs; `ready` gets what was found of a job, when all is there."""
    tasks = [(i, task) for i, job in enumerate(jobs) for task in _tasks(job, executor)]
    what = "finding objects"
    yield from run_groups(EverythingWorker, tasks, executor, ready=ready, what=what)


def _tasks(job: EverythingJob, executor: Executor) -> Iterator[EverythingTask]:
    image = job.image.for_workers(executor.threads)
    if not (job.describes or job.settings.find.refine):
        image = replace(image, in_memory=ONE_BY_ONE)
    for frame in job.frames:
        for region in job.regions:
            yield EverythingTask(image, frame, region, job.settings, job.describes)


def numbered_planes(
    planes: Mapping[int, AutomaticMasks],
) -> dict[Address, AutomaticResult]:
    """Return the masks of planes, numbered from 1 in the order to paint them in."""
    numbered: dict[Address, AutomaticResult] = {}
    for frame, found in planes.items():
        masks = number_masks(found, frame=frame, first=len(numbered) + 1)
        for at, one in masks.items():
            how = one.stability, one.point, one.crop
            numbered[at] = AutomaticResult(at, one.mask, one.score, True, *how)
    return numbered


def _finished(
    job: EverythingJob, found: Sequence[tuple[EverythingTask, Candidates]]
) -> dict[Address, AutomaticResult]:
    """Filter the masks of each plane, and number those that stay."""
    planes = _planes(job, found)
    if job.examples is None:
        return numbered_planes({frame: one.found for frame, one in planes.items()})
    examples = job.examples
    if job.own:
        examples = examples.relative_to(rows_of(planes))
        planes |= {
            frame: planes[frame].with_examples(own)
            for frame, own in job.own.items()
            if frame in planes
        }
    return numbered_planes(
        {frame: one.similar(examples, job.similar) for frame, one in planes.items()}
    )


def _planes(
    job: EverythingJob, found: Sequence[tuple[EverythingTask, Candidates]]
) -> dict[int, Candidates]:
    by_frame: dict[int, list[tuple[Region, Candidates]]] = {}
    for task, candidates in found:
        by_frame.setdefault(task.frame, []).append((task.region, candidates))
    return {frame: _of_plane(job, by_frame.get(frame, [])) for frame in job.frames}


def _of_plane(
    job: EverythingJob, parts: Sequence[tuple[Region, Candidates]]
) -> Candidates:
    """Return what stays of one plane, whose parts were found one by one."""
    ordered = [part for _, part in sorted(parts, key=lambda part: part[0])]
    found = Candidates.joined(ordered, job.plane_shape)
    if not job.describes:
        stay = filter_masks(found.found, job.settings.filters)
        return Candidates(stay, found.descriptors)
    return found.filtered(job.settings.filters)
