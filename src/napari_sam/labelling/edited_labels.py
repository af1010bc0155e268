"""Labels of a data set that a person edits elsewhere, and what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_sam.core.mask import Mask
from napari_sam.labelling.dataset import image_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.labelling.dataset import LabelledDataset
    from napari_sam.labelling.review_item import ReviewItem


class _Change(NamedTuple):
    """An object of a plane that has other pixels: its number in the labels."""

    frame: int
    number: int
    before: Mask
    after: Mask


class EditedLabels:
    """The labels of an image as they were read, so that it is known what changed.

    Parameters
    ----------
    dataset
        Where they are from.
    image
        The image, or its name.

    Attributes
    ----------
    image
        The image file.
    axes
        Its axes, if it does not name them.
    labels
        ``(*planes, y, x)`` uint32, as they were read or taken over last.
    classes
        Class of each object, by its number; ``""`` for none.
    scores
        How probable each class is, from 0 to 1; 1 where a person decided.
    """

    def __init__(self, dataset: LabelledDataset, image: str | Path) -> None:
        self.image, self.axes = image_named(dataset, image), dataset.axes
        self.labels = dataset.labels(self.image)
        there = [
            one
            for one in dataset.items()
            if one.image == self.image and one.row.status != "rejected"
        ]
        self.classes = {one.row.object: one.category for one in there}
        self.scores = {
            one.row.object: 1.0 if one.row.status != "found" else one.row.class_score
            for one in there
        }
        #: Numbers in the data set of what is in a plane of the labels.
        rows = [one.row for one in there]
        self._numbers = {(row.frame, row.object): row.object for row in rows}

    def take_over(
        self,
        dataset: LabelledDataset,
        labels: NDArray[np.integer],
        classes: Mapping[int, str],
    ) -> int:
        """Write into the data set what is otherwise in labels; return how much is.

        Objects with other pixels are corrected, those that are gone rejected, new ones
        added, and those of another class get that one. What did not change here stays
        as it is in the data set by now.

        Parameters
        ----------
        dataset
            The data set.
        labels
            The labels after editing, of the shape of those before.
        classes
            Class of each object by its number; ``""`` leaves it.
        """
        changes = list(self._changes(np.asarray(labels)))
        for one in changes:
            if not one.after and (one.frame, one.number) in self._numbers:
                dataset.reject(self._item(dataset, one))
        # Twice: what one object gave up is free for another one only afterwards.
        drawn = [one for one in changes if one.after]
        for one in drawn:
            self._draw(dataset, one, classes)
        for one in drawn:
            if dataset.mask(self._item(dataset, one)) != one.after:
                dataset.correct(self._item(dataset, one), one.after)
        named = self._name(dataset, classes, {one.number for one in drawn})
        self.labels = np.array(labels, np.uint32)
        self.classes |= {n: name for n, name in classes.items() if name}
        return len(changes) + named

    def _changes(self, labels: NDArray[np.integer]) -> Iterator[_Change]:
        shape = (-1, *labels.shape[-2:])
        planes = zip(self.labels.reshape(shape), labels.reshape(shape), strict=True)
        for frame, (before, after) in enumerate(planes):
            differ = before != after
            numbers = np.union1d(before[differ], after[differ])
            for number in numbers[numbers != 0].tolist():
                masks = (Mask.from_label(p, number) for p in (before, after))
                yield _Change(frame, number, *masks)

    def _draw(
        self, dataset: LabelledDataset, one: _Change, classes: Mapping[int, str]
    ) -> None:
        name = classes.get(one.number) or self.classes.get(one.number, "")
        if (one.frame, one.number) in self._numbers:
            item = self._item(dataset, one)
            dataset.correct(item, one.after, category=name or None)
            return
        made = dataset.add(self.image, one.frame, one.after, category=name)
        self._numbers[one.frame, one.number] = made.row.object

    def _name(
        self, dataset: LabelledDataset, classes: Mapping[int, str], drawn: set[int]
    ) -> int:
        """Set the classes that are others, of objects with the pixels of before."""
        count = 0
        for (_, number), known in list(self._numbers.items()):
            name = classes.get(number, "")
            if name and name != self.classes.get(number, "") and number not in drawn:
                item = _find(dataset, self.image, known)
                dataset.set_class(item, name)
                count += 1
        return count

    def _item(self, dataset: LabelledDataset, one: _Change) -> ReviewItem:
        number = self._numbers[one.frame, one.number]
        return _find(dataset, self.image, number)


def _find(dataset: LabelledDataset, image: Path, number: int) -> ReviewItem:
    key = image.stem, number
    return next(one for one in dataset.items() if one.key == key)
