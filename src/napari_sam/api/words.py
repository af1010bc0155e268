"""What words are about, in one call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_promptable
from napari_sam.api.word_models import open_concepts
from napari_sam.automatic.concepts import ConceptMasks, Words, iter_concepts
from napari_sam.automatic.settings import TextSettings
from napari_sam.core.images.concepts import ExampleBoxes
from napari_sam.core.progress import drain
from napari_sam.jobs.painting import paint
from napari_sam.jobs.segment_jobs import MaskResult

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.concepts import Box, SupportsConcepts, SupportsMatching
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs.painting import PaintableLabels


@dataclass(frozen=True)
class TextObjects:
    """What words found in an image, and which of it is sure enough.

    Attributes
    ----------
    frames
        The image.
    planes
        Everything of each plane that words may be about, whatever its score.
    words
        The words; the wanted ones are classes.
    settings
        The threshold, and when two finds are one object.
    model
        Which model found it, and which one drew the masks.
    """

    frames: Frames
    planes: Mapping[int, ConceptMasks]
    words: Words
    settings: TextSettings
    model: str

    def with_settings(self, settings: TextSettings) -> TextObjects:
        """Return what stays with other settings, without the model."""
        return replace(self, settings=settings)

    def with_threshold(self, threshold: float) -> TextObjects:
        """Return what stays with another threshold, without the model."""
        return self.with_settings(replace(self.settings, threshold=threshold))

    @cached_property
    def masks(self) -> dict[Address, MaskResult]:
        """Masks by their plane and number; the scores are those of the words."""
        return {at: mask for at, (mask, _) in self._numbered.items()}

    @property
    def classes(self) -> dict[int, str]:
        """The word of each object of `labels`, by its number."""
        return {at.object_id: word for at, (_, word) in sorted(self._numbered.items())}

    @property
    def scores(self) -> dict[int, float]:
        """How sure the model of words is of each object, by its number."""
        return {at.object_id: one.score for at, one in sorted(self.masks.items())}

    @cached_property
    def labels(self) -> PaintableLabels:
        """uint32 ``(*planes, y, x)``; 0 is background."""
        return self.paint()

    def paint(self, out: PaintableLabels | None = None) -> PaintableLabels:
        """Paint the labels on an array of theirs, such as one of zarr."""
        painted: PaintableLabels = paint(self.masks, self.frames, out=out)
        return painted

    @cached_property
    def _numbered(self) -> dict[Address, tuple[MaskResult, str]]:
        from napari_sam.automatic import number_masks

        numbered: dict[Address, tuple[MaskResult, str]] = {}
        for frame, plane in self.planes.items():
            found, names = plane.chosen(self.words, self.settings)
            word_of = {id(m): n for m, n in zip(found.masks, names, strict=True)}
            first = len(numbered) + 1
            for at, one in number_masks(found, frame=frame, first=first).items():
                result = MaskResult(at, one.mask, one.score, complete=True)
                numbered[at] = (result, word_of[id(one)])
        return numbered


def segment_text(
    image: AnyImage,
    *words: str,
    unwanted: Sequence[str] = (),
    examples: Mapping[str, ExampleBoxes | Sequence[Box]] | None = None,
    concepts: SupportsConcepts | SupportsMatching | str | Path | None = None,
    axes: str | None = None,
    model: str | Backend | None = None,
    settings: TextSettings | None = None,
    frames: Sequence[int] | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
) -> TextObjects:
    """Return the objects of an image that words are about.

    A model of words finds boxes, which become prompts to the model that draws masks; or
    it compares words with crops of automatic masks, as CLIP does. Models of words know
    everyday things and views from the air; of cells they know little.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    words
        What is looked for, such as ``"roof"``; each is a class.
    unwanted
        What is more like one of these is left out.
    examples
        Of some of the words, boxes ``(top, left, bottom, right)`` around a few of them
        in the same plane; an `ExampleBoxes` also says what is none. Only SAM 3 goes by
        them.
    concepts
        The model of words: ``"owlv2"``, ``"grounding-dino"`` or ``"clip"``, which are
        downloaded once; a folder that holds one of these or SAM 3 as transformers saves
        them; or anything that is `SupportsConcepts` or `SupportsMatching`. By default
        `model` itself, if it is.
    axes, model, appearance, tiling
        As in `segment`; the model draws the masks.
    settings
        How sure the model of words must be.
    frames
        Only these planes.

    Returns
    -------
    TextObjects
        Its ``labels``, ``classes`` and ``scores``; ``with_threshold`` moves without
        computing anything again, and ``model`` says who found it.

    Raises
    ------
    ModelError
        If there is no model of words.
    PromptError
        If no word is given, or one twice.

    Examples
    --------
    >>> import napari_sam as sam
    >>> found = sam.segment_text(
    ...     "town.tif", "roof", "tree", concepts="owlv2"
    ... )  # doctest: +SKIP
    >>> found.with_threshold(0.3).classes  # doctest: +SKIP
    """
    asked = Words(tuple(words), tuple(unwanted))
    promptable = to_promptable(image, axes, model, appearance=appearance, tiling=tiling)
    finder = open_concepts(concepts, promptable.backend)
    chosen = range(len(promptable.frames)) if frames is None else frames
    shown = {word: _boxes(given) for word, given in (examples or {}).items()}
    planes = {
        frame: drain(iter_concepts(promptable, frame, asked, finder, examples=shown))
        for frame in chosen
    }
    said = who_found(finder, promptable.backend)
    return TextObjects(
        promptable.frames, planes, asked, settings or TextSettings(), said
    )


def who_found(concepts: SupportsConcepts, backend: Backend) -> str:
    """Say which model looked for words, and which one drew the masks."""
    drawn = backend.fingerprint.partition("-")[0]
    return f"words by {concepts.concept_model}, masks by {drawn}"


def _boxes(given: ExampleBoxes | Sequence[Box]) -> ExampleBoxes:
    return given if isinstance(given, ExampleBoxes) else ExampleBoxes(tuple(given))
