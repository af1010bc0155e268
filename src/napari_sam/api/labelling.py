"""A folder of images labelled in one call, and the data set that it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.api.models import load_backend
from napari_sam.api.word_models import concept_spec, open_concepts
from napari_sam.automatic import AutomaticSettings, TextSettings
from napari_sam.automatic.concepts import Words
from napari_sam.automatic.object_features import ObjectFeatures, describe_objects
from napari_sam.automatic.similar import iter_candidates
from napari_sam.core.errors import JobError, PromptError
from napari_sam.core.progress import Progress, drain, iter_part
from napari_sam.jobs import Executor, ModelSpec, PromptableSettings
from napari_sam.jobs.physical_sizes import automatic_in_pixels
from napari_sam.labelling import (
    ClassExamples,
    LabelFolderJob,
    LabelledDataset,
    LabelSettings,
    iter_label_folder,
    iter_label_words,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from napari_sam.automatic import SimilarSettings
    from napari_sam.automatic.example_masks import AnyExamples
    from napari_sam.core.images.concepts import SupportsConcepts, SupportsMatching
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.jobs import ImageOutcome

#: How objects are found unless something else is said.
_AUTOMATIC = AutomaticSettings()
_NOT_BOTH = "Give classes by examples or by words, not by both."


def label(
    images: str | Path,
    output: str | Path,
    classes: Mapping[str, AnyExamples] | ClassExamples | None = None,
    *,
    on: str | Path | None = None,
    words: Sequence[str] = (),
    unwanted_words: Sequence[str] = (),
    concepts: SupportsConcepts | SupportsMatching | str | Path | None = None,
    text: TextSettings | None = None,
    model: str | Backend | None = None,
    similar: SimilarSettings | None = None,
    automatic: AutomaticSettings | None = None,
    settings: PromptableSettings | None = None,
    executor: Executor | None = None,
    overwrite: bool = False,
    report: Callable[[ImageOutcome], object] | None = None,
) -> LabelledDataset:
    """Label a folder of images by a few examples of each class, as a data set.

    All objects are found as by `segment_everything`. Those stay that are similar enough
    to any example, with the class that they look most like. The same call goes on where
    it was stopped, and leaves alone what a person has reviewed.

    Parameters
    ----------
    images
        A folder of images, or one image file, such as a stack.
    output
        The folder of the data set, which is made.
    classes
        A few objects of each class by its name: masks, boxes (`Region`), `Prompts` or
        labels, on the image `on`; those of the class ``""`` are not wanted. Or
        `ClassExamples` of several images. Without any, all objects are found, and have
        no class.
    on
        Which image the examples are on: a path, or a name in the folder. An image of
        the folder has the examples among its objects, with their own outlines.
    words, unwanted_words, concepts, text
        Words instead of examples, each of which is a class, with the model that knows
        them and how sure it must be: see `segment_text`. Workers open the model of
        words themselves, by its name or folder.
    model
        A name, as in `load_backend`, or a backend already open, for this process.
    similar
        How similar objects must be to any example; by default, `LabelSettings`.
    automatic
        How objects are found, and which are considered.
    settings
        How images are read, shown and cut.
    executor
        Who does it. By default, this process.
    overwrite
        Begin anew, also where a person has reviewed.
    report
        Called with the outcome of each image as soon as it is known.

    Returns
    -------
    LabelledDataset
        For a review, most uncertain objects first. Images that failed are not in it.

    Raises
    ------
    PromptError
        If examples are given without the image that they are on, or with words.
    JobError
        If workers are to use a model that is open here, or all images failed.

    Examples
    --------
    >>> import napari_sam as sam
    >>> cell, debris = sam.Region(10, 20, 42, 60), sam.Prompts.point(80, 15)
    >>> dataset = sam.label(
    ...     "images", "labelled", {"cell": [cell], "debris": [debris]}, on="a.tif"
    ... )  # doctest: +SKIP
    >>> dataset.most_uncertain(5)  # doctest: +SKIP
    """
    images, output = Path(images), Path(output)
    name, backend = _model(model, executor)
    settings, automatic = settings or PromptableSettings(), automatic or _AUTOMATIC
    if words and classes is not None:
        raise PromptError(_NOT_BOTH)
    if classes is not None and not isinstance(classes, ClassExamples):
        if on is None:
            raise PromptError("Say which image the examples are on: on='NAME.tif'.")
        path = _path_of(on, images)
        classes = class_examples(path, classes, backend, settings, automatic)
    job = LabelFolderJob(
        images,
        output,
        ModelSpec(load_backend, name),
        classes,
        automatic,
        settings,
        similar or LabelSettings(),
        overwrite,
        Words(tuple(words), tuple(unwanted_words)) if words else None,
        text or TextSettings(),
        concept_spec(concepts),
    )
    finder = open_concepts(concepts, backend) if words else None
    work = iter_label(job, backend, concepts=finder, executor=executor, report=report)
    check_outcomes(drain(work))
    return LabelledDataset(output)


def iter_label(
    job: LabelFolderJob,
    backend: Backend,
    *,
    concepts: SupportsConcepts | None = None,
    executor: Executor | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Label a folder as `label` does, and yield progress; closing it stops the work.

    Parameters
    ----------
    job
        Images, output, classes and settings.
    backend
        The model that finds objects, or draws those that words find.
    concepts
        The model of words, if the job has words.
    executor
        Who does it. By default, this process.
    report
        Called with the outcome of each image as soon as it is known.

    Raises
    ------
    PromptError
        If classes are said by words and by examples, or words lack their model.
    """
    if job.words is not None and job.examples is not None:
        raise PromptError(_NOT_BOTH)
    if job.words is None:
        work = iter_label_folder(job, executor, backend=backend, report=report)
    elif concepts is None:
        raise PromptError("Words need a model that knows them: see open_concepts.")
    else:
        work = iter_label_words(job, concepts, executor, backend=backend, report=report)
    return (yield from work)


def check_outcomes(outcomes: Sequence[ImageOutcome]) -> None:
    """Raise an error if there is no image that did not fail.

    Raises
    ------
    JobError
        With the reason of the first.
    """
    failed = [one for one in outcomes if one.state == "failed"]
    if failed and len(failed) == len(outcomes):
        raise JobError(f"All images failed, {failed[0].path.name}: {failed[0].reason}")


def class_examples(
    path: Path,
    given: Mapping[str, AnyExamples],
    backend: Backend,
    settings: PromptableSettings,
    automatic: AutomaticSettings,
) -> ClassExamples:
    """Describe examples of classes on an image, among all objects of their planes."""
    opened = settings.of_folder(path)
    image = opened.read.read(path)
    automatic = automatic_in_pixels(automatic, image)
    promptable = opened.open(image, backend)
    return drain(iter_class_examples(promptable, given, automatic, name=path.name))


def iter_class_examples(
    image: PromptableImage,
    given: Mapping[str, AnyExamples],
    automatic: AutomaticSettings,
    *,
    name: str = "",
) -> Generator[Progress, None, ClassExamples]:
    """Describe examples of classes on an image, among all objects of their planes.

    Parameters
    ----------
    image
        The image, with its model.
    given
        A few objects of each class by its name; those of the class ``""`` are not
        wanted.
    automatic
        How the other objects are found.
    name
        Of the image in its folder, if it is in one.
    """
    yield Progress(0, 1, "describing the examples")
    own = ClassExamples.of(image, given, name=name)
    planes = sorted({frame for _, frame, _ in own.masks})
    found = []
    for k, frame in enumerate(planes):
        work = _iter_objects(image, frame, automatic)
        found.append((yield from iter_part(work, k, len(planes))))
    around = ObjectFeatures.joined(found)
    return ClassExamples(own.objects, own.names, around, own.masks)


def _model(
    model: str | Backend | None, executor: Executor | None
) -> tuple[str | None, Backend]:
    """Return the name of a model if it has one, and the model itself."""
    if model is None or isinstance(model, str):
        return model, load_backend(model)
    if executor is not None and executor.threads is not None:
        raise JobError(
            "Workers open the model themselves, and this one is open here: give its "
            'name, such as model="pocket".'
        )
    return None, model


def _iter_objects(
    image: PromptableImage, frame: int, automatic: AutomaticSettings
) -> Generator[Progress, None, ObjectFeatures]:
    """Describe all objects of a plane."""
    candidates = yield from iter_candidates(
        image, frame, settings=automatic.find, instances=automatic.instances
    )
    found = candidates.filtered(automatic.filters).found
    return describe_objects(image, frame, [one.mask for one in found.masks])


def _path_of(on: str | Path, images: Path) -> Path:
    """Return the image that examples are on: a path, or a name in the folder."""
    folder = images if images.is_dir() else images.parent
    inside = folder / on
    return inside if inside.exists() else Path(on)
