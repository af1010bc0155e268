"""Examples of classes: a few objects of each, as numbers that need no image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import Examples, ObjectClassifier, ObjectFeatures
from napari_sam.automatic.example_masks import example_masks
from napari_sam.automatic.object_features import describe_objects
from napari_sam.core.errors import PromptError
from napari_sam.labelling.feature_files import (
    feature_arrays,
    features_in,
    reading_arrays,
    write_arrays,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from napari_sam.automatic.example_masks import AnyExamples
    from napari_sam.core.mask import Mask
    from napari_sam.image import PromptableImage

#: The class of objects that are not wanted.
UNWANTED = ""


@dataclass(frozen=True, eq=False)
class ClassExamples:
    """A few objects of each class.

    Attributes
    ----------
    objects
        What they look like.
    names
        The class of each; ``""`` for objects that are not wanted.
    around
        Other objects of the same images: features are compared relative to all.
    masks
        Masks of the examples by the image and the plane, in the order of `objects`, so
        that they are in its labels as they were given.
    """

    objects: ObjectFeatures
    names: tuple[str, ...]
    around: ObjectFeatures
    masks: tuple[tuple[str, int, Mask], ...] = ()

    def __post_init__(self) -> None:
        if not any(self.names):
            raise PromptError(
                "No example of any class was given: expected one object at least."
            )

    @classmethod
    def of(
        cls,
        image: PromptableImage,
        given: Mapping[str, AnyExamples],
        *,
        name: str = "",
        around: ObjectFeatures | None = None,
    ) -> ClassExamples:
        """Describe examples on one image.

        Parameters
        ----------
        image
            The image, with its model.
        given
            Examples of each class in any form of `segment_similar`; those of the class
            ``""`` are not wanted.
        name
            What the image is called in its folder, if it is in one.
        around
            Other objects of the image.
        """
        objects, names = [], []
        masks: list[tuple[str, int, Mask]] = []
        for category, examples in given.items():
            for frame, some in example_masks(image, examples).items():
                objects.append(describe_objects(image, frame, some))
                names += [category] * len(some)
                masks += [(name, frame, mask) for mask in some]
        none = ObjectFeatures.joined([])
        return cls(
            ObjectFeatures.joined(objects), tuple(names), around or none, tuple(masks)
        )

    @classmethod
    def joined(cls, several: Sequence[ClassExamples]) -> ClassExamples:
        """Put the examples of several images together."""
        return cls(
            ObjectFeatures.joined([one.objects for one in several]),
            tuple(name for one in several for name in one.names),
            ObjectFeatures.joined([one.around for one in several]),
            tuple(mask for one in several for mask in one.masks),
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that are wanted, sorted."""
        return tuple(sorted({*self.names} - {UNWANTED}))

    @property
    def similar(self) -> Examples:
        """The same, as objects are compared with examples one by one."""
        wanted = [i for i, name in enumerate(self.names) if name]
        unwanted = [i for i, name in enumerate(self.names) if not name]
        looks = self.objects.looks
        return Examples.of(
            looks.chosen(wanted), looks.chosen(unwanted), self.around.looks
        )

    @property
    def classifier(self) -> ObjectClassifier | None:
        """What tells the classes apart; None if there is but one."""
        if len(set(self.names)) < 2:
            return None
        among = ObjectFeatures.joined([self.objects, self.around])
        return ObjectClassifier.fit(self.objects, self.names, among=among)

    def on(self, name: str) -> list[tuple[int, Mask, str]]:
        """Return plane, mask and class of the examples on an image; none unwanted."""
        return [
            (frame, mask, category)
            for (where, frame, mask), category in zip(
                self.masks, self.names, strict=False
            )
            if where == name and category
        ]

    def write(self, path: Path) -> None:
        """Write the numbers, without masks; the file appears whole or not at all."""
        arrays = feature_arrays(self.objects) | feature_arrays(self.around, "around_")
        write_arrays(path, {"names": np.array(self.names, np.str_), **arrays})


def read_class_examples(path: Path) -> ClassExamples:
    """Read what `ClassExamples.write` wrote.

    Raises
    ------
    ImageError
        If it cannot be read.
    """
    with reading_arrays(path, "examples") as file:
        objects, around = features_in(file), features_in(file, "around_")
        return ClassExamples(objects, tuple(map(str, file["names"])), around)


def distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Return names once each, sorted, without that of unwanted objects."""
    return tuple(sorted({*names} - {UNWANTED}))
