"""A labelled data set: its objects, and a review of them, most uncertain first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.labelling.class_examples import distinct, read_class_examples
from napari_sam.labelling.dataset_layout import DatasetLayout
from napari_sam.labelling.dataset_pixels import DatasetPixels
from napari_sam.labelling.decided_rows import drawn_row
from napari_sam.labelling.decisions import Decisions
from napari_sam.labelling.describer import Describer
from napari_sam.labelling.known_objects import KnownObjects
from napari_sam.labelling.ranking import Ranking, as_found, ranked
from napari_sam.labelling.review_item import ReviewItem
from napari_sam.labelling.review_log import ReviewLog
from napari_sam.labelling.thumbnails import thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Backend
    from napari_sam.labelling.object_rows import ReviewStatus


class LabelledDataset:
    """Images, their labelled objects, and what a person decided about these.

    Every decision is on the disk at once, and can be taken back. The classes and the
    order of what is left are learnt from it. `save` writes them into the tables, and
    leaving a ``with`` does so too.

    Parameters
    ----------
    path
        The folder, as `label` or ``napari-sam label`` made it.
    backend
        The model that made it, if it is open: corrected objects are described by it
        anew. Without it, their area and their shape are new.

    Attributes
    ----------
    path
        The folder.
    images
        The images that are labelled.
    axes
        Axes of the images, where they do not name them.
    model
        Name of the model that found the objects.
    describer
        Describes corrected objects anew; it may be given another model.

    Raises
    ------
    MissingFileError
        If there is no data set.
    ImageError
        If a file of it is damaged.

    Examples
    --------
    >>> import napari_sam as sam
    >>> with sam.LabelledDataset("labelled") as dataset:  # doctest: +SKIP
    ...     for item in dataset.most_uncertain(10):
    ...         dataset.accept(item)
    """

    def __init__(self, path: str | Path, *, backend: Backend | None = None) -> None:
        self.path = Path(path)
        self._layout = DatasetLayout(self.path)
        self._index = self._layout.read_index()
        self.images, self.axes = list(self._index.images), self._index.axes
        self.model = self._index.model
        there = self._layout.examples.exists()
        self._examples = read_class_examples(self._layout.examples) if there else None
        self._objects = KnownObjects(self._layout, self._index.images)
        self._pixels = DatasetPixels(self._layout, self._index.axes)
        self.describer = Describer(self._index, backend)
        log = ReviewLog(self._layout.review)
        self._decisions = Decisions(log, self._objects, self._pixels)
        self._ranking: Ranking | None = None

    def __repr__(self) -> str:
        return f"LabelledDataset({str(self.path)!r}, {len(self)} objects)"

    def __len__(self) -> int:
        return len(self._objects)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted: of the examples, and of what was reviewed."""
        found = (row.category for row in self._now.rows)
        return distinct([*self._index.classes, *found])

    @property
    def counts(self) -> dict[str, int]:
        """How many objects were found, accepted, rejected and corrected."""
        counted = Counter(row.status for row in self._objects.rows)
        names: tuple[ReviewStatus, ...] = ("found", "accepted", "rejected", "corrected")
        return {name: counted[name] for name in names}

    @property
    def class_counts(self) -> dict[str, int]:
        """How many objects each class has; none of those that were rejected."""
        rows = (row for row in self._now.rows if row.status != "rejected")
        return dict(sorted(Counter(row.category for row in rows).items()))

    def items(self) -> list[ReviewItem]:
        """Return all objects, image by image."""
        return [self._item(i) for i in range(len(self))]

    def most_uncertain(
        self,
        most: int | None = None,
        *,
        category: str | None = None,
        image: str | Path | None = None,
    ) -> list[ReviewItem]:
        """Return the objects that nobody has reviewed, the most uncertain first.

        Parameters
        ----------
        most
            How many at most.
        category
            Only those of this class.
        image
            Only those of this image.
        """
        uncertainties = self._now.uncertainties
        stem = None if image is None else Path(image).stem
        rows = self._now.rows
        chosen = [
            i
            for i in np.argsort(-uncertainties, kind="stable").tolist()
            if rows[i].status == "found"
            and category in (None, rows[i].category)
            and stem in (None, self._objects.owners[i].stem)
        ]
        return [self._item(i) for i in chosen[:most]]

    def accept(self, item: ReviewItem) -> None:
        """Accept an object, with the class that it has."""
        self._decide(self._objects.require(item.key), "accepted", item.category)

    def set_class(self, item: ReviewItem, category: str) -> None:
        """Accept an object, with this class."""
        self._decide(self._objects.require(item.key), "accepted", category)

    def reject(self, item: ReviewItem) -> None:
        """Reject an object: it is taken out of the label image."""
        place = self._objects.require(item.key)
        self._decide(place, "rejected", item.category, mask=None)

    def correct(
        self, item: ReviewItem, mask: Mask, *, category: str | None = None
    ) -> None:
        """Give an object other pixels; other objects keep theirs.

        It is described anew, so that what is left is compared with it as it is now.

        Parameters
        ----------
        item
            Which object.
        mask
            Its pixels in its plane.
        category
            Its class; by default, that which it has.

        Raises
        ------
        ImageError
            If nothing of the mask is free, or in the image.
        """
        given = item.category if category is None else category
        place = self._objects.require(item.key)
        free = self._pixels.free(item.image, self._objects.rows[place], mask)
        before = self._objects.features_of(place)
        looks = self.describer.describe(item.image, item.row.frame, free, before)
        self._objects.corrected.add(item.image, item.row.object, free, looks)
        self._decide(place, "corrected", given, mask=free)

    def add(
        self, image: str | Path, frame: int, mask: Mask, *, category: str = ""
    ) -> ReviewItem:
        """Add an object that was missed; other objects keep their pixels.

        Parameters
        ----------
        image
            The image, or its name.
        frame
            The plane.
        mask
            Its pixels.
        category
            Its class; ``""`` for none.

        Returns
        -------
        ReviewItem
            The object, with its number. `undo` takes it out again.

        Raises
        ------
        ImageError
            If there is no such image, or nothing of the mask is free.
        """
        owner = image_named(self, image)
        number = self._objects.free_number(owner)
        row = drawn_row(number, frame, mask, category)
        free = self._pixels.free(owner, row, mask)
        row = drawn_row(number, frame, free, category)
        typical = self._objects.typical(owner)
        looks = self.describer.describe(owner, frame, free, typical)
        place = self._objects.add(owner, row, looks)
        self._decide(place, "accepted", category, mask=free)
        return self._item(place)

    def undo(self) -> ReviewItem | None:
        """Take the last decision back; return its object, or None if there is none."""
        i = self._decisions.undo()
        self._ranking = None
        return None if i is None else self._item(i)

    def mask(self, item: ReviewItem) -> Mask:
        """Return the pixels of an object; of one that was rejected, those it had."""
        return self._decisions.mask(self._objects.require(item.key))

    def labels(self, image: str | Path) -> NDArray[np.uint32]:
        """Return the labels of an image, as they are now.

        Parameters
        ----------
        image
            The image, or its name.

        Returns
        -------
        Labels
            ``(*planes, y, x)`` uint32; 0 is background.
        """
        return self._pixels.labels(image_named(self, image))

    def picture(self, item: ReviewItem, *, side: int = 128) -> NDArray[np.uint8]:
        """Return an object with its surroundings and its outline.

        Parameters
        ----------
        item
            Which object.
        side
            Rows and columns of the picture.

        Returns
        -------
        Picture
            ``(side, side, 3)`` uint8.
        """
        return thumbnail(
            item.image, item.row.frame, self.mask(item), side, axes=self.axes
        )

    def save(self) -> None:
        """Write the classes of all objects into the tables beside the label images."""
        self._objects.save(self._now.rows)

    @property
    def _now(self) -> Ranking:
        """The classes as they are now; learnt anew after each decision."""
        if self._ranking is None:
            rows = self._objects.rows
            self._ranking = (
                ranked(rows, self._objects.features, self._examples)
                if len(self._decisions)
                else as_found(rows)
            )
        return self._ranking

    def _item(self, i: int) -> ReviewItem:
        now = self._now
        return ReviewItem(
            self._objects.owners[i],
            now.rows[i],
            float(now.uncertainties[i]),
            float(now.wrong[i]),
        )

    def _decide(
        self, place: int, status: ReviewStatus, category: str, **pixels: Mask | None
    ) -> None:
        self._decisions.decide(place, status, category, **pixels)
        self._ranking = None


def image_named(dataset: LabelledDataset, name: str | Path) -> Path:
    """Return the file of an image of a data set by its name.

    Raises
    ------
    ImageError
        If it is not among the images.
    """
    stem = Path(name).stem
    found = next((one for one in dataset.images if one.stem == stem), None)
    if found is None:
        raise ImageError(f"{name} is not among the images of {dataset.path}.")
    return found
