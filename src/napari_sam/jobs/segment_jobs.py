"""Masks of many objects in many planes, by several workers; only the parent writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress
from napari_sam.core.prompts.prompts_in_tiles import first_tile
from napari_sam.jobs.executor import Executor, Failure, grouped, run_tasks
from napari_sam.jobs.image_spec import ImageSpec, OpenImages
from napari_sam.jobs.settings import SegmentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.jobs.results_file import ResultsFile

#: Objects of a task at most.
_OBJECTS = 64


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """Prompts of some objects of a plane."""

    image: ImageSpec
    prompts: tuple[tuple[Address, Prompts], ...]
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class MaskResult:
    """A mask of an object, small enough to travel and to be written down.

    Attributes
    ----------
    at
        Which object, in which frame.
    pixels
        The mask.
    score
        The model's own estimate of its IoU.
    complete
        Whether the mask is of all of the object.
    """

    at: Address
    pixels: Mask
    score: float
    complete: bool

    @classmethod
    def of(cls, at: Address, found: Prediction) -> MaskResult:
        """Pack a prediction."""
        return cls(at, found.to_mask(), float(found.score), found.complete)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers the region."""
        return self.pixels.array

    @property
    def region(self) -> Region:
        """Where the mask lies."""
        return self.pixels.region

    @property
    def area(self) -> int:
        """Pixels of the mask."""
        return self.pixels.area


#: Masks by their frame and object, or why there are none.
MaskResults: TypeAlias = "dict[Address, MaskResult | Failure]"


@dataclass(frozen=True, slots=True)
class SegmentJob:
    """An image, and the prompts of its objects.

    Attributes
    ----------
    image
        The image.
    prompts
        The prompts of each object, in each frame.
    plane_shape
        Rows and columns of its planes.
    threshold
        Logits above this are the object.
    results
        Masks of a run before, and where new ones are written down.
    """

    image: ImageSpec
    prompts: Mapping[Address, Prompts]
    plane_shape: tuple[int, int]
    threshold: float = 0.0
    results: ResultsFile | None = None

    def __post_init__(self) -> None:
        SegmentSettings(self.threshold)  # which refuses what is no number


def segment_images(
    jobs: Sequence[SegmentJob],
    executor: Executor,
    *,
    ready: Callable[[int, MaskResults], object],
) -> Generator[Progress, None, None]:
    """Segment the objects of prompts in all planes of images; one `Progress` a task.

    The objects of a task depend on the prompts and on nothing else, so that they
    have the same masks whoever does it, and in whatever order.

    Parameters
    ----------
    jobs
        The images.
    executor
        Who does it.
    ready
        Called in this process with the number of a job and its masks, in the order
        of its prompts, as soon as the last of them is there.
    """
    run = _Run(jobs, executor, ready)
    yield run.progress
    run.report_known()
    for number, found in run_tasks(SegmentWorker, run.tasks, executor):
        run.take(number, found)
        yield run.progress


class _Run:
    """Tasks of several images, and the results that came of them so far."""

    def __init__(
        self,
        jobs: Sequence[SegmentJob],
        executor: Executor,
        ready: Callable[[int, MaskResults], object],
    ) -> None:
        self._jobs, self._ready = jobs, ready
        known = [{} if j.results is None else j.results.find(j.prompts) for j in jobs]
        self._results: list[MaskResults] = [dict(found) for found in known]
        pairs = [
            (i, task)
            for i, job in enumerate(jobs)
            for task in _tasks(job, known[i], executor.threads)
        ]
        self.tasks = [task for _, task in pairs]
        self._job_of = [i for i, _ in pairs]
        self._left = Counter(self._job_of)
        self._total = sum(len(job.prompts) for job in jobs)
        self._done = self._total - sum(len(task.prompts) for task in self.tasks)

    @property
    def progress(self) -> Progress:
        """How many objects have a result."""
        return Progress(self._done, self._total, "segmenting")

    def report_known(self) -> None:
        """Hand on the images of which all results were written down before."""
        for i in range(len(self._jobs)):
            if not self._left[i]:
                self._report(i)

    def take(self, number: int, found: Sequence[MaskResult] | Failure) -> None:
        """Note the results of a task; hand on those of an image with the last."""
        i, task = self._job_of[number], self.tasks[number]
        if isinstance(found, Failure):
            self._results[i].update((at, found) for at, _ in task.prompts)
        else:
            self._results[i].update((result.at, result) for result in found)
            _append_results(self._jobs[i], found)
        self._done += len(task.prompts)
        self._left[i] -= 1
        if not self._left[i]:
            self._report(i)

    def _report(self, i: int) -> None:
        found = self._results[i]
        self._ready(i, {at: found[at] for at in self._jobs[i].prompts})
        found.clear()


class SegmentWorker:
    """Segments objects in the process of a worker, which holds the images it opened."""

    def __init__(self) -> None:
        self._images = OpenImages()

    def __call__(self, task: SegmentTask) -> list[MaskResult]:
        """Return the masks of a task's objects."""
        frame = task.prompts[0][0].frame
        found = self._images.open(task.image).segment_many(
            [prompts for _, prompts in task.prompts], frame
        )
        return [
            MaskResult.of(at, _at_threshold(one, task.threshold))
            for (at, _), one in zip(task.prompts, found, strict=True)
        ]


def _at_threshold(found: Prediction, threshold: float) -> Prediction:
    """Take the threshold of all objects, unless it is 0: then each has its own."""
    return found.with_threshold(threshold) if threshold else found


def _append_results(job: SegmentJob, found: Sequence[MaskResult]) -> None:
    if job.results is not None:
        job.results.append(job.prompts, found)


def _tasks(
    job: SegmentJob, known: Mapping[Address, MaskResult], threads: int | None
) -> Iterator[SegmentTask]:
    """Cut an image into tasks; those of which all results are known are left out."""
    image = job.image.for_workers(threads)
    for group in _groups(job):
        if any(at not in known for at, _ in group):
            yield SegmentTask(image, group, job.threshold)


def _groups(job: SegmentJob) -> Iterator[tuple[tuple[Address, Prompts], ...]]:
    """Objects of one tile together: it is then embedded by one worker only."""
    by_tile: dict[tuple[int, int, int], list[tuple[Address, Prompts]]] = {}
    for at, prompts in job.prompts.items():
        tile = first_tile(prompts, job.image.tiling, job.plane_shape)
        by_tile.setdefault((at.frame, tile.level, tile.index), []).append((at, prompts))
    for objects in by_tile.values():
        yield from grouped(objects, _OBJECTS)
