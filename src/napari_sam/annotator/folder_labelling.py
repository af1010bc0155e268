"""A folder that is labelled beside the view: by examples, by words, or all objects."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from napari_sam.automatic import AutomaticSettings, TextSettings
from napari_sam.core.errors import SessionError
from napari_sam.core.progress import iter_exclusive
from napari_sam.core.prompts import Prompts
from napari_sam.image.settings import AppearanceSettings
from napari_sam.io.settings import ReadSettings
from napari_sam.jobs import PromptableSettings
from napari_sam.jobs.image_spec import ModelSpec
from napari_sam.labelling.label_folder import LabelFolderJob
from napari_sam.labelling.settings import LabelSettings
from napari_sam.session.actions import SetInfo, SetPrompts

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from napari_sam.annotator.models import Models
    from napari_sam.annotator.word_models import WordModels
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.automatic.concepts import Words
    from napari_sam.automatic.example_masks import AnyExample
    from napari_sam.core.address import Address
    from napari_sam.core.progress import Progress
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.image import PromptableImage
    from napari_sam.jobs import ImageOutcome
    from napari_sam.session import AnnotationSession

LABELLING = "labelling the folder"
#: The class of examples that have none.
_UNNAMED = "object"


@dataclass(frozen=True)
class FolderPlan:
    """What a person wants labelled, and by what.

    Attributes
    ----------
    images
        A folder of images, or a stack.
    output
        The folder of the data set, which is made.
    examples
        Numbers of objects of the open image that are examples, each of its class; none
        for all objects.
    words
        Words that say the classes instead.
    on
        The file of the open image; if it is one of the folder, its examples stay in its
        labels as they are.
    axes
        Axes of the images, where they do not name them.
    similar, text
        How similar to examples objects must be, and how sure a model of words.
    automatic
        How objects are found, and which are considered.
    """

    images: Path
    output: Path
    examples: tuple[int, ...] = ()
    words: Words | None = None
    on: Path | None = None
    axes: str | None = None
    similar: LabelSettings = field(default_factory=LabelSettings)
    text: TextSettings = field(default_factory=TextSettings)
    automatic: AutomaticSettings = field(default_factory=AutomaticSettings)

    @property
    def is_open_one(self) -> bool:
        """Whether the open image is one of those that are labelled."""
        if self.on is None:
            return False
        there = (self.images, *([self.images / self.on.name] * self.images.is_dir()))
        return any(one.exists() and one.samefile(self.on) for one in there)


class FolderLabelling:
    """Labels a folder while the person goes on; the same plan goes on where it stopped.

    Parameters
    ----------
    workspace
        The image that is open, and who does slow work.
    models, words
        The model of masks, and that of words.
    """

    def __init__(self, workspace: Workspace, models: Models, words: WordModels) -> None:
        self._workspace, self._models, self._words = workspace, models, words
        self._writing = Lock()

    @property
    def named(self) -> tuple[int, ...]:
        """Numbers of objects that may be examples: those with a class and a mask.

        Prompts that are not committed count too: their mask is predicted.

        Where a person named some, these only, and not what a classifier named.
        """
        session = self._workspace.session
        if session is None:
            return ()
        there = {
            i: info
            for i, info in session.objects.items()
            if info.category
            and (session.state.footprints.of_object(i) or _open(session, i))
        }
        by_hand = [i for i, info in there.items() if info.is_named]
        return tuple(by_hand or there)

    def draw_example(self, category: str) -> None:
        """Take the next box that is drawn as an example of a class."""
        name = category.strip()
        with self._workspace.events.reporting():
            self._workspace.require_session()
            if not name:
                raise SessionError("Write the class of the example first.")
            if self._workspace.view is not None:
                self._workspace.view.draw_once("box", partial(self._on_drawn, name))
                text = f"Draw a box around an object of the class {name}."
                self._workspace.events.message.emit("info", text)

    def _on_drawn(self, category: str, box: Prompt) -> None:
        """Make a new object of a box, and name its class."""
        with self._workspace.events.reporting():
            session = self._workspace.require_session()
            at, group = session.next_object(), session.history.new_group()
            session.execute(SetPrompts(((at, Prompts((box,))),)), group=group)
            info = replace(session.objects[at.object_id], category=category)
            session.execute(SetInfo(at.object_id, info), group=group)
            text = f"Object {at.object_id} is an example of the class {category}."
            self._workspace.events.message.emit("info", text)

    def label(self, plan: FolderPlan) -> None:
        """Label a folder as a data set; `events.folder_labelled` tells when it is done.

        It may be stopped as other work; what is done of it is a data set.
        """
        from napari_sam.image import PromptableImage

        with self._workspace.events.reporting():
            session = self._workspace.require_model()
            if not isinstance(session.image, PromptableImage):
                raise SessionError("There is no model to label images with.")
            if not plan.images.exists():
                raise SessionError(f"{plan.images} is not there: choose a folder.")
            given = _examples_of(session, plan.examples)
            steps = _iter_labelled(
                self._job(plan, session.image), session.image, given, plan, self._words
            )
            steps = iter_exclusive(steps, self._writing)
            stopped = partial(self._on_stopped, plan)
            done = partial(self._on_labelled, plan)
            self._workspace.tasks.run(LABELLING, steps, done, cancelled=stopped)

    def _job(self, plan: FolderPlan, image: PromptableImage) -> LabelFolderJob:
        from napari_sam.api import load_backend

        source, opened = self._models.source, self._workspace.image
        weights = str(source) if isinstance(source, Path) else None
        channels = None if opened is None else opened.channels
        return LabelFolderJob(
            plan.images,
            plan.output,
            ModelSpec(load_backend, None if weights else str(source), weights),
            automatic=plan.automatic,
            settings=PromptableSettings(
                ReadSettings(axes=plan.axes),
                AppearanceSettings(channels=channels),
                connected=image.connected,
            ),
            similar=plan.similar,
            words=plan.words,
            text=plan.text,
        )

    def _on_stopped(self, plan: FolderPlan) -> None:
        text = f"Stopped. The same once more goes on; what is done is in {plan.output}."
        self._workspace.events.message.emit("info", text)

    def _on_labelled(self, plan: FolderPlan, outcomes: Sequence[ImageOutcome]) -> None:
        count = Counter(one.state for one in outcomes)
        text = f"{count['written']} images labelled"
        text += f", {count['there']} were before" if count["there"] else ""
        failed = [one for one in outcomes if one.state == "failed"]
        level = "warning" if failed else "info"
        if failed:
            text += f", {len(failed)} failed: {failed[0].path.name}, {failed[0].reason}"
        self._workspace.events.message.emit(level, f"{text.rstrip('.')}.")
        if len(failed) < len(outcomes):
            self._workspace.events.folder_labelled.emit(plan.output)


def _examples_of(
    session: AnnotationSession, ids: Sequence[int]
) -> dict[str, dict[int, list[AnyExample]]]:
    """Return objects as masks, or else as prompts, by their class and plane."""
    found: dict[str, dict[int, list[AnyExample]]] = {}
    for i in ids:
        planes = found.setdefault(session.objects[i].category or _UNNAMED, {})
        committed = session.state.footprints.of_object(i)
        for at in committed:
            planes.setdefault(at.frame, []).append(session.state.labels.mask(at))
        for at in () if committed else _open(session, i):
            planes.setdefault(at.frame, []).append(session.open_prompts[at])
    if ids and not any(found.values()):
        raise SessionError("The examples have no pixels and no prompts.")
    return {name: planes for name, planes in found.items() if planes}


def _open(session: AnnotationSession, object_id: int) -> list[Address]:
    """Return where an object has prompts that are not committed."""
    return list(session.state.open_prompts.of_object(object_id))


def _iter_labelled(
    job: LabelFolderJob,
    image: PromptableImage,
    given: Mapping[str, Mapping[int, Sequence[AnyExample]]],
    plan: FolderPlan,
    words: WordModels,
) -> Generator[Progress, None, Sequence[ImageOutcome]]:
    """Describe the examples, open the model of words, and label."""
    from napari_sam.api import iter_class_examples, iter_label

    if given:
        name = plan.on.name if plan.on is not None and plan.is_open_one else ""
        work = iter_class_examples(image, given, plan.automatic, name=name)
        job = replace(job, examples=(yield from work))
    concepts = None
    if job.words is not None:
        concepts = yield from words.iter_open(image.backend)
    return (yield from iter_label(job, image.backend, concepts=concepts))
