"""A folder of images labelled by words: each word is a class."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.automatic.concepts import iter_concepts
from napari_sam.core.errors import PromptError
from napari_sam.core.progress import iter_part
from napari_sam.jobs.image_spec import open_image
from napari_sam.labelling.found_objects import worded_objects
from napari_sam.labelling.label_folder import LabelRun, labelled_paths

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.automatic.concepts import ConceptMasks
    from napari_sam.core.images.concepts import SupportsConcepts
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs.folder_run import ImageOutcome
    from napari_sam.labelling.label_folder import LabelFolderJob


def iter_label_words(
    job: LabelFolderJob,
    concepts: SupportsConcepts,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Label the images of a folder by words, in this process.

    It goes on where it was stopped, as `iter_label_folder` does.

    Parameters
    ----------
    job
        With its words.
    concepts
        The model of words.
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
    """
    if job.words is None:
        raise PromptError("No words were given.")
    model = backend or job.model.open()
    images = labelled_paths(job.images)
    run = LabelRun(job, model, report)
    run.words_by = concepts.concept_model
    run.begin(images)
    try:
        yield from run.iter_prepare_images(images, run.open_image)
        for i, work in enumerate(run.works):
            with run.failure_noted(work.path):
                image = open_image(work.job.image, model)
                planes: dict[int, ConceptMasks] = {}
                for k, frame in enumerate(work.job.frames):
                    steps = iter_concepts(image, frame, job.words, concepts)
                    part = i * len(work.job.frames) + k
                    parts = len(run.works) * len(work.job.frames)
                    planes[frame] = yield from iter_part(steps, part, parts)
                found = worded_objects(image, planes, job.words, job.text)
                run.write_objects(work, found)
    finally:
        run.write_index(images)
    return run.outcomes
