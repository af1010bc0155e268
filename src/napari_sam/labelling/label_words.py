"""A folder of images labelled by words: each word is a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import JobError, PromptError
from napari_sam.core.progress import iter_part
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.image_spec import open_image
from napari_sam.jobs.task_groups import run_groups
from napari_sam.labelling.found_objects import numbered_objects
from napari_sam.labelling.label_folder import LabelRun, LabelWork, labelled_paths
from napari_sam.labelling.word_worker import WordTask, WordWorker, iter_worded

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.automatic.concepts import Words
    from napari_sam.core.images.concepts import SupportsConcepts
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs.folder_run import ImageOutcome
    from napari_sam.labelling.found_objects import ClassedPlane
    from napari_sam.labelling.label_folder import LabelFolderJob


def iter_label_words(
    job: LabelFolderJob,
    concepts: SupportsConcepts,
    executor: Executor | None = None,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Label the images of a folder by words; a plane is a task.

    It goes on where it was stopped, as `iter_label_folder` does.

    Parameters
    ----------
    job
        With its words, and for workers the spec of the model of words.
    concepts
        The model of words.
    executor
        Who does it. By default, this process.
    backend
        The model that draws masks, if it is open already.
    report
        Called with each outcome as soon as it is known.

    Raises
    ------
    ImageError
        If images or output are no folders.
    PromptError
        If the job has no words.
    JobError
        If workers are to use a model of words that is open here.
    """
    executor = executor or Executor()
    if job.words is None:
        raise PromptError("No words were given.")
    if executor.threads is not None and job.concepts is None:
        raise JobError(
            "Workers open the model of words themselves, and this one is open here: "
            'give its name or its folder, such as concepts="owlv2".'
        )
    images = labelled_paths(job.images)
    run = LabelRun(job, backend or job.model.open(), report, concepts.concept_model)
    run.begin(images)
    try:
        yield from run.iter_prepare_images(images, run.open_image)
        if executor.threads is None:
            yield from _iter_here(run, job, job.words, concepts)
        elif run.works:
            yield from _iter_by_workers(run, job, job.words, executor)
    finally:
        run.write_index(images)
    return run.outcomes


def _iter_here(
    run: LabelRun, job: LabelFolderJob, words: Words, concepts: SupportsConcepts
) -> Generator[Progress, None, None]:
    """Label in this process, with the models that are open; a step a part of a plane.

    So it stops at once when a person asks for it, also in a large plane.
    """
    for i, work in enumerate(run.works):
        with run.failure_noted(work.path):
            image = open_image(work.job.image)
            planes: dict[int, ClassedPlane] = {}
            for k, frame in enumerate(work.job.frames):
                steps = iter_worded(image, frame, words, job.text, concepts)
                part = i * len(work.job.frames) + k
                parts = len(run.works) * len(work.job.frames)
                planes[frame] = yield from iter_part(steps, part, parts)
            run.write_objects(work, numbered_objects(planes))


def _iter_by_workers(
    run: LabelRun, job: LabelFolderJob, words: Words, executor: Executor
) -> Generator[Progress, None, None]:
    """Label by workers, which open the models themselves; a step a plane."""

    def ready(i: int, found: list[tuple[WordTask, ClassedPlane]] | Failure) -> None:
        work = run.works[i]
        with run.failure_noted(work.path):
            if isinstance(found, Failure):
                raise JobError(found.reason)
            by_frame = {task.frame: plane for task, plane in found}
            # In their own order, so that numbers do not depend on who was fast.
            planes = {frame: by_frame[frame] for frame in work.job.frames}
            run.write_objects(work, numbered_objects(planes))

    tasks = [
        (i, task)
        for i, work in enumerate(run.works)
        for task in _tasks(work, job, words, executor)
    ]
    what = "looking for words"
    yield from run_groups(WordWorker, tasks, executor, ready=ready, what=what)


def _tasks(
    work: LabelWork, job: LabelFolderJob, words: Words, executor: Executor
) -> list[WordTask]:
    assert job.concepts is not None  # refused before
    image = work.job.image.for_workers(executor.threads)
    return [
        WordTask(image, frame, words, job.text, job.concepts)
        for frame in work.job.frames
    ]
