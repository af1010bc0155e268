"""Masks of many objects in many planes, by several workers; only the parent writes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress
from napari_sam.core.prompts.tiles import first_tile
from napari_sam.jobs.executor import Executor, Failure, grouped, run_tasks
from napari_sam.jobs.image_spec import ImageSpec, open_image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.jobs.results import ResultsFile

#: Objects of a task at most.
_OBJECTS = 64


@dataclass(frozen=True, slots=True)
class SegmentTask:
    """Some objects of a plane, and what was said about them."""

    image: ImageSpec
    prompts: tuple[tuple[Address, Prompts], ...]
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class MaskResult:
    """A mask, small enough to travel and to be kept.

    Attributes
    ----------
    at
        Which object, in which plane.
    region
        Where the mask lies.
    runs
        Its run lengths in the region, row by row, starting with what is not set.
    area
        Its pixels.
    score
        The model's own estimate of its IoU.
    complete
        Whether all of the object was seen.
    """

    at: Address
    region: Region
    runs: tuple[int, ...]
    area: int
    score: float
    complete: bool

    @classmethod
    def of(cls, at: Address, found: Prediction) -> MaskResult:
        """Pack a prediction."""
        runs = tuple(found.to_mask().run_lengths.tolist())
        return cls(
            at, found.region, runs, found.area, float(found.score), found.complete
        )

    @property
    def mask(self) -> NDArray[np.bool_]:
        """True inside the object; covers the region."""
        return Mask.from_runs(self.region, self.runs).array


#: Answers by what they are about, or why there are none.
MaskResults: TypeAlias = "dict[Address, MaskResult | Failure]"


@dataclass(frozen=True, slots=True)
class SegmentJob:
    """All that is asked about an image.

    Attributes
    ----------
    image
        The image.
    asked
        What was said about each object, in each plane.
    plane
        Rows and columns of its planes.
    threshold
        Logits above this are the object.
    kept
        Answers of a run before, and where new ones are kept.
    """

    image: ImageSpec
    prompts: Mapping[Address, Prompts]
    plane_shape: tuple[int, int]
    threshold: float = 0.0
    results: ResultsFile | None = None


def segment_images(
    jobs: Sequence[SegmentJob],
    executor: Executor,
    *,
    ready: Callable[[int, MaskResults], object],
) -> Generator[Progress, None, None]:
    """Answer prompts in all planes of images; one `Progress` a task.

    The objects of a task depend on what is asked and on nothing else, so that they
    have the same masks whoever does it, and in whatever order.

    Parameters
    ----------
    jobs
        The images.
    executor
        Who does it.
    ready
        Called in this process with the number of a job and its answers, in the order
        of what was asked, as soon as the last of them is there.
    """
    known = [{} if j.results is None else j.results.find(j.prompts) for j in jobs]
    answers: list[MaskResults] = [dict(found) for found in known]
    tasks = [
        (
            i,
            SegmentTask(
                replace(job.image, threads=executor.threads), group, job.threshold
            ),
        )
        for i, job in enumerate(jobs)
        for group in _groups(job)
        if any(at not in known[i] for at, _ in group)
    ]
    left = Counter(i for i, _ in tasks)
    total = sum(len(job.prompts) for job in jobs)
    done = total - sum(len(task.prompts) for _, task in tasks)
    yield Progress(done, total, "segmenting")
    for i in (i for i in range(len(jobs)) if not left[i]):
        ready(i, _in_order(jobs[i], answers[i]))
    for number, found in run_tasks(
        run_segment_task, [task for _, task in tasks], executor
    ):
        i, task = tasks[number]
        if isinstance(found, Failure):
            answers[i].update((at, found) for at, _ in task.prompts)
        else:
            answers[i].update((answer.at, answer) for answer in found)
            _keep(jobs[i], found)
        left[i] -= 1
        if not left[i]:
            ready(i, _in_order(jobs[i], answers[i]))
            answers[i].clear()
        done += len(task.prompts)
        yield Progress(done, total, "segmenting")


def run_segment_task(task: SegmentTask) -> list[MaskResult]:
    """Do a task, in the process of a worker."""
    image = open_image(task.image)
    frame = task.prompts[0][0].frame
    found = image.segment_many([said for _, said in task.prompts], frame)
    return [
        MaskResult.of(at, prediction.with_threshold(task.threshold))
        for (at, _), prediction in zip(task.prompts, found, strict=True)
    ]


def _keep(job: SegmentJob, found: Sequence[MaskResult]) -> None:
    if job.results is not None:
        job.results.append(job.prompts, found)


def _in_order(job: SegmentJob, answers: MaskResults) -> MaskResults:
    return {at: answers[at] for at in job.prompts}


def _groups(job: SegmentJob) -> Iterator[tuple[tuple[Address, Prompts], ...]]:
    """Objects of one tile together: it is then embedded by one worker only."""
    by_tile: dict[tuple[int, int, int], list[tuple[Address, Prompts]]] = {}
    for at, said in job.prompts.items():
        tile = first_tile(said, job.image.tiling, job.plane_shape)
        by_tile.setdefault((at.frame, tile.level, tile.index), []).append((at, said))
    for objects in by_tile.values():
        yield from grouped(objects, _OBJECTS)
