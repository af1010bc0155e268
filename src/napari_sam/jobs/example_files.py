"""Examples of a run: labels or prompts in files, and what was said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic.example_masks import (
    described_examples,
    masks_of_labels,
    rows_of,
)
from napari_sam.automatic.similar import Examples, iter_candidates
from napari_sam.core.errors import PromptError
from napari_sam.core.progress import drain
from napari_sam.io import read_label_image
from napari_sam.jobs.physical_sizes import sizes_in_pixels
from napari_sam.jobs.prompt_sources import PromptFiles

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from napari_sam.automatic.example_masks import AnyExample, AnyExamples
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.automatic.similar import Candidates
    from napari_sam.core.prompts import Prompts
    from napari_sam.image import PromptableImage
    from napari_sam.io import Image

#: Files that are read as labels; all others hold prompts.
_LABELS = (".tif", ".tiff", ".png", ".zarr", ".npy")
#: Properties of an object that name its class.
_CLASS = ("class", "category")


@dataclass(frozen=True, slots=True)
class ExampleFiles:
    """Which objects are wanted and unwanted: files of them, and examples one by one.

    Attributes
    ----------
    examples, negatives
        A label image, or prompts in any form that `PromptFiles` reads.
    category
        Only objects of this class are examples; files of labels name none.
    wanted, unwanted
        Further ones, on the plane `frame`.
    frame
        The plane that those lie on.
    """

    examples: Path | None = None
    negatives: Path | None = None
    category: str | None = None
    wanted: tuple[AnyExample, ...] = ()
    unwanted: tuple[AnyExample, ...] = ()
    frame: int = 0

    def on(
        self, image: Image, promptable: PromptableImage
    ) -> tuple[Examples, Mapping[int, Candidates]]:
        """Return the examples on an image, and the wanted ones by their plane.

        Raises
        ------
        PromptError
            If there is none.
        """
        given = self._on(image, self.examples, self.wanted, category=self.category)
        if not given:
            raise PromptError("Give an example of what is looked for.")
        others = self._on(image, self.negatives, self.unwanted)
        wanted = described_examples(promptable, given)
        unwanted = described_examples(promptable, others)
        rows = rows_of(wanted)
        return Examples.of(rows, rows_of(unwanted), rows), wanted

    def among_others(
        self, image: Image, promptable: PromptableImage, automatic: AutomaticSettings
    ) -> Examples:
        """Return the examples relative to all objects of their planes.

        So they can be looked for in other images.
        """
        examples, wanted = self.on(image, promptable)
        filters = sizes_in_pixels(automatic.filters, image)
        planes = {
            frame: drain(
                iter_candidates(
                    promptable,
                    frame,
                    settings=automatic.find,
                    instances=automatic.instances,
                )
            ).filtered(filters)
            for frame in wanted
        }
        return examples.relative_to(rows_of(planes))

    def _on(
        self,
        image: Image,
        file: Path | None,
        said: tuple[AnyExample, ...],
        *,
        category: str | None = None,
    ) -> dict[int, list[AnyExample]]:
        """Return examples of a file, and those that were said, by their plane."""
        if not 0 <= self.frame < len(image.frames):
            raise PromptError(
                f"Frame {self.frame}: the image has {len(image.frames)}, from 0."
            )
        found: dict[int, list[AnyExample]] = {}
        if file is not None:
            found = examples_by_plane(file, image, category=category)
        if said:
            found.setdefault(self.frame, []).extend(said)
        return found


def examples_by_plane(
    path: Path, image: Image, *, category: str | None = None
) -> dict[int, list[AnyExample]]:
    """Read examples as `read_examples` does: masks or prompts, by their plane."""
    read = read_examples(path, image, category=category)
    if isinstance(read, np.ndarray):
        masks = masks_of_labels(image.frames, read)
        return {frame: [*some] for frame, some in masks.items()}
    assert isinstance(read, dict)  # prompts by their plane
    return {frame: [*some] for frame, some in read.items()}


def read_examples(
    path: Path, image: Image, *, category: str | None = None
) -> AnyExamples:
    """Read examples that lie on an image.

    Parameters
    ----------
    path
        A label image, or prompts in any form that `PromptFiles` reads.
    image
        What they lie on.
    category
        Only objects whose property ``class`` is this.

    Raises
    ------
    PromptError
        If there is none, or labels are to have classes.
    ImageError
        If labels do not lie on the image.
    """
    if path.suffix.lower() in _LABELS:
        if category is not None:
            raise PromptError(
                f"{path} is a label image, which names no classes: expected a file of "
                "objects with a property 'class', such as .geojson."
            )
        axes = "".join(image.frames.sizes) + "yx"
        frames = read_label_image(path, axes=axes).frames
        shape = (*frames.sizes.values(), *frames.plane_shape)
        planes = [frames[frame] for frame in range(len(frames))]
        return np.stack(planes).astype(np.int64).reshape(shape)
    return _of_class(path, image, category)


def examples_by_class(path: Path, image: Image) -> dict[str, dict[int, list[Prompts]]]:
    """Read prompts by the class that their file gives them, and by their plane.

    Raises
    ------
    PromptError
        If an object has no property ``class``.
    """
    found = PromptFiles(prompts=path).read(image)
    classes: dict[str, dict[int, list[Prompts]]] = {}
    for at, prompts in found.prompts.items():
        known = found.attributes.get(at, {})
        name = str(next((known[n] for n in _CLASS if known.get(n)), ""))
        if not name:
            raise PromptError(
                f"{path}: object {at.object_id} has no class: expected a property or a "
                "column 'class'."
            )
        classes.setdefault(name, {}).setdefault(at.frame, []).append(prompts)
    return classes


def _of_class(
    path: Path, image: Image, category: str | None
) -> dict[int, list[Prompts]]:
    found = PromptFiles(prompts=path).read(image)
    by_plane: dict[int, list[Prompts]] = {}
    for at, prompts in found.prompts.items():
        known = found.attributes.get(at, {})
        if category is None or category in (known.get(name) for name in _CLASS):
            by_plane.setdefault(at.frame, []).append(prompts)
    if not by_plane:
        raise PromptError(f"{path} has no object of the class {category!r}.")
    return by_plane
