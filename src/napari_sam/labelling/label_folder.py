"""A folder of images labelled: all objects, their classes and where they came from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from napari_sam.automatic.everything import uses_instances
from napari_sam.automatic.settings import AutomaticSettings, TextSettings
from napari_sam.automatic.similar import Candidates, example_candidates
from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.errors import ImageError, JobError
from napari_sam.io.settings import SaveSettings
from napari_sam.jobs.everything_folder import open_in_folder
from napari_sam.jobs.everything_jobs import candidate_images
from napari_sam.jobs.executor import Executor, Failure
from napari_sam.jobs.folder_run import SAFE, FolderRun, ImageOutcome
from napari_sam.jobs.full_disk import full_disk_named
from napari_sam.jobs.painting import save_masks
from napari_sam.jobs.prompt_pairs import images_of_folder
from napari_sam.jobs.promptable_settings import PromptableSettings
from napari_sam.labelling.dataset_layout import DatasetLayout, appearance_values
from napari_sam.labelling.feature_files import write_features
from napari_sam.labelling.found_objects import FoundObjects, classed_objects
from napari_sam.labelling.how_labelled import dates_of
from napari_sam.labelling.object_rows import write_rows
from napari_sam.labelling.review_log import ReviewLog
from napari_sam.labelling.settings import LabelSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence
    from pathlib import Path

    from napari_sam.automatic.concepts import Words
    from napari_sam.automatic.settings import SimilarSettings
    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image
    from napari_sam.jobs.everything_jobs import EverythingJob
    from napari_sam.jobs.image_spec import ModelSpec
    from napari_sam.labelling.class_examples import ClassExamples
    from napari_sam.labelling.word_worker import ConceptSpec


@dataclass(frozen=True, slots=True)
class LabelFolderJob:
    """Images that are to be labelled, and the data set that is made of them.

    Attributes
    ----------
    images
        A folder of images, or one image file, such as a stack.
    output
        The folder of the data set, which is made.
    model
        Which model.
    examples
        A few objects of each class; without them, all objects are found and have no
        class.
    automatic
        How objects are found, and which are considered.
    settings
        How images are read, shown and cut; its store is a folder of stores.
    similar
        How similar to any example an object must be.
    overwrite
        Whether to begin anew, also where a person has reviewed.
    words, text
        Words that say the classes instead, and how sure a model of words must be.
    concepts
        Which model of words, for workers.
    """

    images: Path
    output: Path
    model: ModelSpec
    examples: ClassExamples | None = None
    automatic: AutomaticSettings = field(default_factory=AutomaticSettings)
    settings: PromptableSettings = field(default_factory=PromptableSettings)
    similar: SimilarSettings = field(default_factory=LabelSettings)
    overwrite: bool = False
    words: Words | None = None
    text: TextSettings = field(default_factory=TextSettings)
    concepts: ConceptSpec | None = None

    @property
    def setup(self) -> str:
        """What the labels depend on, besides the image and its model."""
        if self.words is not None:
            return f"{self.words}\n{asdict(self.text)}"
        found = f"{asdict(self.automatic)}"
        if self.examples is None:
            return found
        names = "\n".join(self.examples.names)
        token = self.examples.similar.token
        return f"{found}\n{token}\n{names}\n{asdict(self.similar)}"


def iter_label_folder(
    job: LabelFolderJob,
    executor: Executor | None = None,
    *,
    backend: Backend | None = None,
    report: Callable[[ImageOutcome], object] | None = None,
) -> Generator[Progress, None, list[ImageOutcome]]:
    """Label the images of a folder as a data set.

    What one image lacks does not stop the others. Closing the generator stops; the same
    job goes on where it was. An image of which a person has reviewed an object is left
    alone, whatever the settings are now.

    Parameters
    ----------
    job
        Images, output, classes and settings.
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
    images = labelled_paths(job.images)
    run = LabelRun(job, backend or job.model.open(), report)
    run.begin(images)
    try:
        yield from run.iter_prepare_images(images, run.open_image)
        if run.works:
            yield from candidate_images(
                [work.job for work in run.works],
                executor or Executor(),
                ready=run.write,
            )
    finally:
        run.write_index(images)
    return run.outcomes


def labelled_paths(images: Path) -> list[Path]:
    """Return the images of a folder, or one image that is no folder of them.

    Raises
    ------
    ImageError
        If there is nothing.
    """
    if not images.exists():
        raise ImageError(f"{images} is not there: expected a folder of images.")
    is_zarr = (images / "zarr.json").exists() or (images / ".zgroup").exists()
    if images.is_file() or is_zarr:
        return [images]
    return images_of_folder(images)


@dataclass(frozen=True, slots=True)
class LabelWork:
    """An image of the folder, open."""

    path: Path
    output: Path
    image: Image
    job: EverythingJob
    own: Mapping[int, tuple[Candidates, Sequence[str]]]
    name: str
    source: str


class LabelRun(FolderRun[LabelWork]):
    """One run over a folder: the tasks, and the outcome of each image.

    Parameters
    ----------
    job, backend, report
        As of `iter_label_folder`.
    words_by
        The model of words, by the name that a person knows it by.
    """

    def __init__(
        self,
        job: LabelFolderJob,
        backend: Backend,
        report: Callable[[ImageOutcome], object] | None,
        words_by: str = "",
    ) -> None:
        self._layout = DatasetLayout(job.output)
        super().__init__(self._layout.labels, overwrite=job.overwrite, report=report)
        self._job, self._backend = job, backend
        self._log = ReviewLog(self._layout.review)
        self._dates = () if job.overwrite else dates_of(self._layout)
        self._words_by = words_by

    def begin(self, images: Sequence[Path]) -> None:
        """Write down what the data set is, before the first image."""
        if self._job.overwrite:
            self._log.put_aside()
        if self._job.examples is not None:
            self._job.examples.write(self._layout.examples)
        if self._job.images.is_dir():
            self._layout.link_images(self._job.images)
        self.write_index(images)

    def write_index(self, images: Sequence[Path]) -> None:
        """Write which images are labelled by now."""
        job = self._job
        classes = () if job.examples is None else job.examples.classes
        classes = classes if job.words is None else job.words.wanted
        made_by: JsonDict = {
            "model": job.model.name or backend_spec(self._backend).name,
            "fingerprint": self._backend.fingerprint,
            "automatic": f"{asdict(job.automatic)}",
            "similar": f"{asdict(job.similar)}",
            "words": self._words_by,
            "unwanted_words": [] if job.words is None else job.words.unwanted,
            "dates": self._dates,
            "appearance": appearance_values(job.settings.appearance),
        }
        axes = job.settings.read.axes
        self._layout.write_index(images, classes, made_by, axes=axes)

    def open_image(self, path: Path) -> LabelWork | None:
        """Open an image, unless a person has reviewed it."""
        output = self._layout.labels_of(path)
        if output.exists() and self._log.knows(path.stem):
            self.note(ImageOutcome(path, "there"))
            return None
        return self._open(path, output)

    def write(self, i: int, found: dict[int, Candidates] | Failure) -> None:
        """Write labels, table and features of an image of which all was found."""
        work, job = self.works[i], self._job
        with self.failure_noted(work.path):
            if isinstance(found, Failure):
                raise JobError(found.reason)
            objects = classed_objects(
                found, job.examples, work.own, job.similar, source=work.source
            )
            self.write_objects(work, objects)

    def write_objects(self, work: LabelWork, objects: FoundObjects) -> None:
        """Write the objects of an image, and note that it is finished."""
        layout = self._layout
        with full_disk_named(work.output, SAFE):
            self.finished.begin(work.path)
            write_features(layout.features_of(work.path), objects.features)
            save = SaveSettings(overwrite=True)
            save_masks(work.output, objects.masks, work.image, save)
            write_rows(layout.table_of(work.path), objects.rows)
        self.finished.append(work.path, work.name, work.output)
        today = datetime.now(UTC).date().isoformat()
        self._dates = (*self._dates[:1], today) if self._dates else (today, today)
        self.note(ImageOutcome(work.path, "written", masks=objects.masks))

    def _open(self, path: Path, output: Path) -> LabelWork:
        job = self._job
        setup = f"{job.setup}\n{self._words_by}" if self._words_by else job.setup
        opened = open_in_folder(
            path, self._backend, job.model, job.automatic, job.settings, setup
        )
        image, find = opened.promptable, job.automatic.find
        return LabelWork(
            path,
            output,
            opened.image,
            replace(opened.job, always_describes=True),
            self._own(path, image),
            opened.name,
            "instances" if uses_instances(image, find) else "grid",
        )

    def _own(
        self, path: Path, image: PromptableImage
    ) -> dict[int, tuple[Candidates, Sequence[str]]]:
        """Return the examples that are of this image, by their plane."""
        examples = self._job.examples
        given = [] if examples is None else examples.on(path.name)
        own: dict[int, tuple[Candidates, Sequence[str]]] = {}
        for frame in sorted({frame for frame, _, _ in given}):
            masks = [mask for at, mask, _ in given if at == frame]
            names = [name for at, _, name in given if at == frame]
            own[frame] = (example_candidates(image, frame, masks), names)
        return own
