"""Examples on the command line: points, boxes, and files of objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from napari_sam.apps.cli.options.from_settings import typed_options
from napari_sam.core.errors import PromptError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.automatic.example_masks import AnyExample
    from napari_sam.core.images.concepts import ExampleBoxes
    from napari_sam.io import Image
    from napari_sam.jobs.example_files import ExampleFiles

_FILE = click.Path(path_type=Path)
_NUMBERS = re.compile(r"-?\d+(\.\d+)?(,-?\d+(\.\d+)?)*")
#: A word and the box of an example of it.
_WORD_BOX = "WORD=TOP,LEFT,BOTTOM,RIGHT"


@dataclass(frozen=True, slots=True)
class ExampleOptions:
    """What options say of wanted and unwanted objects.

    Attributes
    ----------
    said, unsaid
        Points and boxes of wanted and of unwanted objects, one by one.
    examples, negatives
        Files of them.
    category
        Of the file, only the objects of this class.
    frame
        The plane that points and boxes are on.
    """

    said: tuple[str, ...]
    unsaid: tuple[str, ...]
    examples: Path | None
    negatives: Path | None
    category: str | None
    frame: int

    def files(self) -> ExampleFiles:
        """Return them as jobs take them.

        Raises
        ------
        PromptError
            If no wanted object is said, or one is no point and no box.
        """
        from napari_sam.jobs.example_files import ExampleFiles

        if self.examples is None and not self.said:
            raise PromptError(
                "Give examples: --example ROW,COL or TOP,LEFT,BOTTOM,RIGHT, "
                "or --examples FILE."
            )
        return ExampleFiles(
            self.examples,
            self.negatives,
            self.category,
            tuple(point_or_box(text) for text in self.said),
            tuple(point_or_box(text) for text in self.unsaid),
            self.frame,
        )


_OPTIONS = {
    "said": click.option(
        "--example", "examples_said", multiple=True, metavar="WHERE",
        help="A wanted object: a point ROW,COL or a box TOP,LEFT,BOTTOM,RIGHT. May be "
        "repeated.",
    ),
    "unsaid": click.option(
        "--negative", "examples_unsaid", multiple=True, metavar="WHERE",
        help="An object that is not wanted, in the same forms.",
    ),
    "examples": click.option(
        "--examples", "examples_examples", type=_FILE, metavar="FILE",
        help="A file of wanted objects: labels (.tif, .png, .zarr), or prompts (.json, "
        ".csv, .geojson ...).",
    ),
    "negatives": click.option(
        "--negatives", "examples_negatives", type=_FILE, metavar="FILE",
        help="A file of objects that are not wanted, in the same forms.",
    ),
    "category": click.option(
        "--class", "examples_category", metavar="NAME",
        help="Of --examples, only the objects of this class.",
    ),
    "frame": click.option(
        "--frame", "examples_frame", type=int, default=0, metavar="INDEX",
        help="Frame of their image that points and boxes are on, from 0.",
    ),
}  # fmt: skip


#: Adds ``examples: ExampleOptions`` to a command.
example_options = typed_options("examples", _OPTIONS, ExampleOptions)


@dataclass(frozen=True, slots=True)
class WordExampleOptions:
    """What options say of examples of words.

    Attributes
    ----------
    wanted, unwanted
        ``WORD=TOP,LEFT,BOTTOM,RIGHT``, one by one.
    """

    wanted: tuple[str, ...]
    unwanted: tuple[str, ...]

    def boxes(self) -> dict[str, ExampleBoxes]:
        """Return the boxes of each word.

        Raises
        ------
        PromptError
            If one is not of that form.
        """
        from napari_sam.core.images.concepts import ExampleBoxes

        found: dict[str, ExampleBoxes] = {}
        for field, given in (("wanted", self.wanted), ("unwanted", self.unwanted)):
            for text in given:
                word, box = _word_box(text)
                known = found.get(word, ExampleBoxes())
                boxes = (*getattr(known, field), box)
                found[word] = known._replace(**{field: boxes})
        return found


_WORD_OPTIONS = {
    "wanted": click.option(
        "--example", "examples_wanted", multiple=True, metavar=_WORD_BOX,
        help="The box of an example of a word, for models that go by examples too (SAM "
        "3). May be repeated.",
    ),
    "unwanted": click.option(
        "--negative", "examples_unwanted", multiple=True, metavar=_WORD_BOX,
        help="The box of what the word is not about.",
    ),
}  # fmt: skip


#: Adds ``examples: WordExampleOptions`` to a command.
word_example_options = typed_options("examples", _WORD_OPTIONS, WordExampleOptions)


def examples_at(where: str, image: Image, frame: int) -> dict[int, list[AnyExample]]:
    """Return what a point, a box or a file says, by its plane.

    Raises
    ------
    PromptError
        If it is none of them.
    """
    from napari_sam.jobs.example_files import examples_by_plane

    if _NUMBERS.fullmatch(where):
        return {frame: [point_or_box(where)]}
    path = Path(where)
    if not path.exists():
        raise PromptError(
            f"{where}: expected a point ROW,COL, a box TOP,LEFT,BOTTOM,RIGHT, or "
            "the path of a file that is there."
        )
    return examples_by_plane(path, image)


def point_or_box(text: str) -> AnyExample:
    """Return the prompts of a point ``ROW,COL`` or a box ``TOP,LEFT,BOTTOM,RIGHT``.

    Raises
    ------
    PromptError
        If it is neither.
    """
    from napari_sam.core.prompts import Prompts

    numbers = _numbers(text)
    if len(numbers) == 2:
        return Prompts.point(*numbers)
    if len(numbers) == 4:
        return Prompts.rectangle(*numbers)
    raise PromptError(f"{text}: expected ROW,COL or TOP,LEFT,BOTTOM,RIGHT.")


def _word_box(text: str) -> tuple[str, tuple[float, float, float, float]]:
    word, _, box = text.rpartition("=")
    numbers = _numbers(box)
    if not word.strip() or len(numbers) != 4:
        raise PromptError(f"{text}: expected {_WORD_BOX}.")
    return word.strip(), (numbers[0], numbers[1], numbers[2], numbers[3])


def _numbers(text: str) -> Sequence[float]:
    if not _NUMBERS.fullmatch(text):
        return ()
    return [float(part) for part in text.split(",")]
