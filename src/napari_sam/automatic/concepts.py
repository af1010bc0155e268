"""What words are about: found by a model of words, with masks by Segment Anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.automatic.automatic_masks import AutomaticMask, AutomaticMasks
from napari_sam.automatic.concept_boxes import (
    box_iou,
    distinct,
    moved_to_plane,
    overlapping_parts,
)
from napari_sam.automatic.mask_concepts import MaskConcepts
from napari_sam.core.errors import ModelError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.images.concepts import SupportsExamples
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.automatic.settings import TextSettings
    from napari_sam.core.images.concepts import (
        ExampleBoxes,
        FoundConcept,
        SupportsConcepts,
    )
    from napari_sam.image import PromptableImage

#: Finds of a lower score are not kept.
_LOWEST = 0.02


@dataclass(frozen=True)
class Words:
    """The words that are looked for.

    Attributes
    ----------
    wanted
        Each is a class.
    unwanted
        What is more like one of these is left out.
    """

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        every = [word.strip() for word in self.all]
        if not self.wanted or not all(every):
            raise PromptError("Give one word at least, and none that is empty.")
        if len(set(every)) < len(every):
            raise PromptError(f"A word was given twice: {', '.join(self.all)}.")

    @property
    def all(self) -> tuple[str, ...]:
        """Wanted words, then those that are not."""
        return (*self.wanted, *self.unwanted)


def read_words(written: str) -> Words:
    """Read words as people write them: ``"roof, tree; not: car"``.

    Parameters
    ----------
    written
        Words between commas, and, after a semicolon and ``not:``, those that are
        unwanted.

    Raises
    ------
    PromptError
        If there is no wanted word, or one twice.
    """
    wanted, _, rest = written.partition(";")
    rest = rest.strip()
    if rest and not rest.startswith("not:"):
        raise PromptError(
            f"{written!r}: expected words such as 'roof, tree; not: car'."
        )
    return Words(_split(wanted), _split(rest.removeprefix("not:")))


def _split(written: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in written.split(",") if word.strip())


class ConceptMasks(NamedTuple):
    """Everything in a plane that words may be about, whatever its score.

    Attributes
    ----------
    found
        Masks; their score is that of the model of words, and their stability that of
        the model which drew them.
    words
        The index of the word of each.
    boxes
        ``(n, 4)``: top, left, bottom, right of each, as the model of words gave them.
    """

    found: AutomaticMasks
    words: tuple[int, ...]
    boxes: NDArray[np.float64]

    def chosen(
        self, words: Words, settings: TextSettings
    ) -> tuple[AutomaticMasks, tuple[str, ...]]:
        """Return masks above the threshold, best first, and the word of each.

        Of several words for one object the one with the highest score wins; where that
        is an unwanted one, the object is left out. No model is asked.
        """
        scores = self.found.scores
        order = [int(i) for i in np.argsort(-scores, kind="stable")]
        first: list[int] = []
        for i in order:
            sure = scores[i] >= settings.threshold and self.found.masks[i].mask
            if sure and not any(self._same(i, k, settings.overlap) for k in first):
                first.append(i)
        wanted = [i for i in first if self.words[i] < len(words.wanted)]
        names = tuple(words.wanted[self.words[i]] for i in wanted)
        return self.found.chosen(wanted), names

    def _same(self, i: int, k: int, overlap: float) -> bool:
        if box_iou(self.boxes[i], self.boxes[k]) > overlap:
            return True
        a, b = self.found.masks[i].mask, self.found.masks[k].mask
        common = a.region.intersection(b.region)
        if min(common.shape) < 1:
            return False
        both = (a & b).area
        return both > overlap * (a.area + b.area - both)


def iter_concepts(
    image: PromptableImage,
    frame: int,
    words: Words,
    model: SupportsConcepts,
    *,
    examples: Mapping[str, ExampleBoxes] | None = None,
) -> Generator[Progress, None, ConceptMasks]:
    """Find what words are about in a plane, with a mask for each; one step a part.

    A plane larger than some thousand pixels is looked at in parts that overlap. Boxes
    become prompts to the image's own model. `MaskConcepts` goes by what the image has
    embedded already.

    Parameters
    ----------
    image
        The image, with the model that draws masks.
    frame
        The plane.
    words
        What is looked for.
    model
        The model of words.
    examples
        Of some of the words, in pixels of the plane. The plane is then looked at as a
        whole, however large it is: what the examples are like is to be seen in it.

    Raises
    ------
    ModelError
        If the model does not go by examples.
    PromptError
        If an example is of no word, or no box in the plane.
    """
    shown = _by_index(examples or {}, words, image.frames.plane_shape)
    if isinstance(model, MaskConcepts) and not shown:
        work = model.iter_concepts(image, frame, words.all)
    else:
        work = _iter_parts(image, frame, words, model, shown)
    found = yield from work
    kept = distinct([one for one in found if one.score >= _LOWEST])
    yield Progress(0, 0, "drawing masks")
    masks = _masks(image, frame, kept)
    boxes = np.array([one.box for one in kept], np.float64).reshape(-1, 4)
    return ConceptMasks(masks, tuple(one.word for one in kept), boxes)


def _iter_parts(
    image: PromptableImage,
    frame: int,
    words: Words,
    model: SupportsConcepts,
    examples: Mapping[int, ExampleBoxes],
) -> Generator[Progress, None, list[FoundConcept]]:
    """Look for words in each part of a plane; finds lie where they are in the plane."""
    shape = image.frames.plane_shape
    parts = [Region(0, 0, *shape)] if examples else list(overlapping_parts(shape))
    found: list[FoundConcept] = []
    for done, part in enumerate(parts):
        yield Progress(done, len(parts) + 1, "looking for words")
        picture = image.appearance.render(image.frames.read(frame, part))
        every = _looked_for(model, picture, words, examples)
        found += [
            moved_to_plane(one, part, shape) for one in every if one.score >= _LOWEST
        ]
    yield Progress(len(parts), len(parts) + 1, "looking for words")
    return found


def _looked_for(
    model: SupportsConcepts,
    picture: NDArray[np.uint8],
    words: Words,
    examples: Mapping[int, ExampleBoxes],
) -> list[FoundConcept]:
    if not examples:
        return model.find_concepts(picture, words.all)
    if not isinstance(model, SupportsExamples):
        raise ModelError(
            f"{model.concept_model} goes by words only, not by examples of them. Take "
            "SAM 3, or segment_similar, which goes by examples without words."
        )
    return model.find_by_examples(picture, words.all, examples)


def _by_index(
    examples: Mapping[str, ExampleBoxes], words: Words, shape: tuple[int, int]
) -> dict[int, ExampleBoxes]:
    """Return examples by the index of their word; refuse what is none."""
    for word, given in examples.items():
        if word not in words.all:
            raise PromptError(
                f"There are examples of {word!r}, which is none of the words "
                f"{', '.join(words.all)}."
            )
        for box in (*given.wanted, *given.unwanted):
            top, left, bottom, right = box
            if not (0 <= top < bottom <= shape[0] and 0 <= left < right <= shape[1]):
                raise PromptError(
                    f"The example {tuple(box)} of {word!r} is no box in a plane of "
                    f"{shape[0]} by {shape[1]} pixels: expected top, left, bottom and "
                    "right."
                )
    return {words.all.index(word): given for word, given in examples.items()}


def _masks(
    image: PromptableImage, frame: int, found: Sequence[FoundConcept]
) -> AutomaticMasks:
    """Return a mask for each: the model's own, or that of its box."""
    plane = Region(0, 0, *image.frames.plane_shape)
    without = [one for one in found if one.mask is None]
    prompts = [Prompts.rectangle(*one.box) for one in without]
    drawn = iter(image.segment_many(prompts, frame) if prompts else ())
    made = []
    for one in found:
        drawn_well = 1.0
        if one.mask is None:
            prediction = next(drawn)
            mask, drawn_well = prediction.to_mask(), float(prediction.score)
        else:
            top, left = int(one.box[0]), int(one.box[1])
            mask = Mask.from_array(one.mask, top=top, left=left)
        row, col = (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2
        made.append(AutomaticMask(mask, one.score, drawn_well, (row, col), plane))
    return AutomaticMasks(tuple(made), plane.shape)
