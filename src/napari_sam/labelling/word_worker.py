"""Words looked for in a plane: a task, and the worker that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.automatic.concepts import iter_concepts
from napari_sam.core.progress import drain
from napari_sam.jobs.image_spec import OpenImages, use_threads
from napari_sam.labelling.found_objects import worded_plane

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from napari_sam.automatic import TextSettings
    from napari_sam.automatic.concepts import Words
    from napari_sam.core.images.concepts import SupportsConcepts
    from napari_sam.core.progress import Progress
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.jobs.image_spec import ImageSpec
    from napari_sam.labelling.found_objects import ClassedPlane


@dataclass(frozen=True, slots=True)
class ConceptSpec:
    """A model of words by its name, for workers that open it themselves.

    Attributes
    ----------
    load
        A function of a module, such as `napari_sam.api.open_concepts`: it travels by
        name, and is given `name` and the model that draws masks.
    name
        A name, or a folder that every worker can read; None for the model that draws
        masks, if that knows words.
    """

    load: Callable[[str | None, Backend], SupportsConcepts]
    name: str | None = None

    def open(self, backend: Backend) -> SupportsConcepts:
        """Open the model of words beside the one that draws masks."""
        return self.load(self.name, backend)


@dataclass(frozen=True, slots=True)
class WordTask:
    """A task: one plane."""

    image: ImageSpec
    frame: int
    words: Words
    text: TextSettings
    concepts: ConceptSpec


class WordWorker:
    """Looks for words in the process of a worker, which holds the models it opened."""

    def __init__(self) -> None:
        self._images = OpenImages()
        self._held: tuple[ConceptSpec, Backend, SupportsConcepts] | None = None

    def __call__(self, task: WordTask) -> ClassedPlane:
        """Return the objects of a plane that the words are about."""
        image = self._images.open(task.image)
        concepts = self._opened(task.concepts, image.backend)
        use_threads(task.image.threads)  # maybe nothing before has imported torch
        work = iter_worded(image, task.frame, task.words, task.text, concepts)
        return drain(work)

    def _opened(self, spec: ConceptSpec, backend: Backend) -> SupportsConcepts:
        held = self._held
        if held is None or held[0] != spec or held[1] is not backend:
            held = self._held = spec, backend, spec.open(backend)
        return held[2]


def iter_worded(
    image: PromptableImage,
    frame: int,
    words: Words,
    text: TextSettings,
    concepts: SupportsConcepts,
) -> Generator[Progress, None, ClassedPlane]:
    """Find the objects of a plane that words are about, and describe them.

    Parameters
    ----------
    image
        The image, with the model that draws masks and describes objects.
    frame
        The plane.
    words
        What is looked for.
    text
        How sure the model of words must be.
    concepts
        The model of words.
    """
    found = yield from iter_concepts(image, frame, words, concepts)
    return worded_plane(image, frame, found, words, text)
