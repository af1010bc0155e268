"""A labelled data set: its objects, and a review of them, most doubtful first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from napari_sam.automatic import ObjectFeatures
from napari_sam.core.errors import ImageError
from napari_sam.io import read_image
from napari_sam.labelling.class_examples import (
    distinct,
    read_class_examples,
)
from napari_sam.labelling.decided_rows import row_after, row_as_found
from napari_sam.labelling.label_files import (
    exchange,
    free_pixels,
    mask_of,
    read_label_frames,
)
from napari_sam.labelling.layout import DatasetLayout
from napari_sam.labelling.object_rows import write_rows
from napari_sam.labelling.ranking import Ranking, as_found, ranked
from napari_sam.labelling.read_objects import read_objects
from napari_sam.labelling.review_item import ReviewItem
from napari_sam.labelling.review_log import Decision, ReviewLog
from napari_sam.labelling.thumbnails import thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.mask import Mask
    from napari_sam.labelling.object_rows import ObjectRow, ReviewStatus


class LabelledDataset:
    """Images, their labelled objects, and what a person decided about these.

    Every decision is on the disk at once, and can be taken back. The classes and the
    order of what is left are learnt from it. `save` writes them into the tables, and
    leaving a ``with`` does so too.

    Parameters
    ----------
    path
        The folder, as `label` or ``napari-sam label`` made it.

    Attributes
    ----------
    path
        The folder.

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
    ...     for item in dataset.doubtful(10):
    ...         dataset.accept(item)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._layout = DatasetLayout(self.path)
        self._images, self._classes, self._axes = self._layout.read_index()
        there = self._layout.examples.exists()
        self._examples = read_class_examples(self._layout.examples) if there else None
        self._log = ReviewLog(self._layout.review)
        read = [read_objects(self._layout, image) for image in self._images]
        self._saved = {o.image: o.rows for o in read}
        self._owners = [one.image for one in read for _ in one.rows]
        self._rows = [row_as_found(row) for one in read for row in one.rows]
        self._features = ObjectFeatures.joined([one.features for one in read])
        self._places = {
            (owner.stem, row.object): i
            for i, (owner, row) in enumerate(zip(self._owners, self._rows, strict=True))
        }
        self._ranking: Ranking | None = None
        self._redo_pixels()
        self._rows = self._decided()

    def __repr__(self) -> str:
        return f"LabelledDataset({str(self.path)!r}, {len(self)} objects)"

    def __len__(self) -> int:
        return len(self._rows)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.save()

    @property
    def images(self) -> list[Path]:
        """The images that are labelled."""
        return list(self._images)

    @property
    def axes(self) -> str | None:
        """Axes of the images, where they do not name them."""
        return self._axes

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, sorted: of the examples, and of what was reviewed."""
        found = (row.category for row in self._now.rows)
        return distinct([*self._classes, *found])

    @property
    def counts(self) -> dict[str, int]:
        """How many objects were found, accepted, rejected and corrected."""
        counted = Counter(row.status for row in self._rows)
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

    def doubtful(
        self,
        most: int | None = None,
        *,
        category: str | None = None,
        image: str | Path | None = None,
    ) -> list[ReviewItem]:
        """Return the objects that nobody has reviewed, the most doubtful first.

        Parameters
        ----------
        most
            How many at most.
        category
            Only those of this class.
        image
            Only those of this image.
        """
        doubts = self._now.doubts
        stem = None if image is None else Path(image).stem
        rows = self._now.rows
        chosen = [
            i
            for i in np.argsort(-doubts, kind="stable").tolist()
            if rows[i].status == "found"
            and category in (None, rows[i].category)
            and stem in (None, self._owners[i].stem)
        ]
        return [self._item(i) for i in chosen[:most]]

    def accept(self, item: ReviewItem) -> None:
        """Say that an object is right, with the class that it has."""
        self._decide(item, "accepted", item.category)

    def set_class(self, item: ReviewItem, category: str) -> None:
        """Say that an object is right, and of this class."""
        self._decide(item, "accepted", category)

    def reject(self, item: ReviewItem) -> None:
        """Say that an object is none: it is taken out of the label image."""
        self._decide(item, "rejected", item.category, mask=None, changes=True)

    def correct(
        self, item: ReviewItem, mask: Mask, *, category: str | None = None
    ) -> None:
        """Give an object other pixels; other objects keep theirs.

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
        free = free_pixels(self._frames(item.image), self._row(item), mask)
        self._decide(item, "corrected", given, mask=free, changes=True)

    def undo(self) -> ReviewItem | None:
        """Take the last decision back; return its object, or None if there is none."""
        last = self._log.undo()
        if last is None:
            return None
        i = self._places.get(last.key)
        if i is None:
            return None
        if last.before is not None:
            now = last.after or last.before
            self._exchange(i, now, last.before)
        self._rows = self._decided()
        self._ranking = None
        return self._item(i)

    def mask(self, item: ReviewItem) -> Mask:
        """Return the pixels of an object; of one that was rejected, those it had."""
        for one in reversed(self._log.decisions):
            if one.key == item.key and one.before is not None:
                return one.before if one.after is None else one.after
        return mask_of(self._frames(item.image), self._row(item))

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
            item.image, item.row.frame, self.mask(item), side, axes=self._axes
        )

    def save(self) -> None:
        """Write the classes of all objects into the tables beside the label images."""
        by_image: dict[Path, list[ObjectRow]] = {image: [] for image in self._images}
        for owner, row in zip(self._owners, self._now.rows, strict=True):
            by_image[owner].append(row)
        for image, rows in by_image.items():
            if rows != self._saved.get(image):
                write_rows(self._layout.table_of(image), rows)
                self._saved[image] = rows

    @property
    def _now(self) -> Ranking:
        """The classes as they are now; learnt anew after each decision."""
        if self._ranking is None:
            if len(self._log):
                self._ranking = ranked(self._rows, self._features, self._examples)
            else:
                self._ranking = as_found(self._rows)
        return self._ranking

    def _item(self, i: int) -> ReviewItem:
        now = self._now
        return ReviewItem(
            self._owners[i], now.rows[i], float(now.doubts[i]), float(now.wrong[i])
        )

    def _row(self, item: ReviewItem) -> ObjectRow:
        return self._rows[self._place(item)]

    def _place(self, item: ReviewItem) -> int:
        if item.key not in self._places:
            raise ImageError(
                f"{item.image.name} has no object {item.row.object} in {self.path}."
            )
        return self._places[item.key]

    def _frames(self, image: Path) -> Frames:
        return read_label_frames(self._layout.labels_of(image))

    def _decided(self) -> list[ObjectRow]:
        """Return the rows as they were found, with all decisions since."""
        rows = [row_as_found(row) for row in self._rows]
        for one in self._log.decisions:
            i = self._places.get(one.key)
            if i is not None:
                rows[i] = row_after(rows[i], one)
        return rows

    def _decide(
        self,
        item: ReviewItem,
        status: ReviewStatus,
        category: str,
        *,
        mask: Mask | None = None,
        changes: bool = False,
    ) -> None:
        i = self._place(item)
        before = self.mask(item) if changes or self._is_gone(i) else None
        if before is not None and status == "accepted":
            mask = before  # it comes back
        made = Decision(*item.key, status, category, before, mask)
        self._log.append(made)
        if before is not None:
            self._exchange(i, before, mask)
        self._rows[i] = row_after(row_as_found(self._rows[i]), made)
        self._ranking = None

    def _is_gone(self, i: int) -> bool:
        return self._rows[i].status == "rejected"

    def _exchange(self, i: int, before: Mask, after: Mask | None) -> None:
        owner = self._owners[i]
        labels = self._layout.labels_of(owner)
        image = read_image(owner, axes=self._axes)
        exchange(labels, image, self._rows[i], before, after)

    def _redo_pixels(self) -> None:
        """Change the pixels of the last decision, if a crash came in between."""
        last = self._log.last
        if last is None or last.before is None:
            return
        i = self._places.get(last.key)
        if i is not None and self._log.decisions[-1:] == [last]:
            self._exchange(i, last.before, last.after)
        elif i is not None:
            self._exchange(i, last.after or last.before, last.before)
