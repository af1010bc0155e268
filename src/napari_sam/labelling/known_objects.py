"""The objects of a data set: where each is, what is known of it, how it looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.automatic import ObjectFeatures
from napari_sam.automatic.descriptors import LIGHT, Descriptors
from napari_sam.core.errors import ImageError
from napari_sam.labelling.corrected_features import CorrectedFeatures
from napari_sam.labelling.decided_rows import row_after, row_as_found
from napari_sam.labelling.feature_files import write_features
from napari_sam.labelling.object_rows import write_rows
from napari_sam.labelling.read_objects import read_objects

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from napari_sam.core.mask import Mask
    from napari_sam.labelling.dataset_layout import DatasetLayout
    from napari_sam.labelling.object_rows import ObjectRow
    from napari_sam.labelling.review_log import Decision

#: An object of which nothing is known.
_NOTHING = ObjectFeatures(
    Descriptors(
        np.zeros((1, 0), np.float32), np.zeros(1), np.zeros((1, LIGHT), np.float32)
    ),
    np.zeros((1, 4), np.float32),
)
#: An image without its suffix, and the number of an object.
Key = tuple[str, int]


class KnownObjects:
    """All objects of a data set, image by image.

    Parameters
    ----------
    layout, images
        Where the files lie, and the images that are labelled.

    Attributes
    ----------
    owners
        The image of each object.
    rows
        What is known of each, after what was decided.
    corrected
        Features of corrected masks.
    """

    def __init__(self, layout: DatasetLayout, images: Sequence[Path]) -> None:
        self._layout = layout
        read = [read_objects(layout, image) for image in images]
        self._saved = {o.image: o.rows for o in read}
        self.owners = [one.image for one in read for _ in one.rows]
        self.rows = [row_as_found(row) for one in read for row in one.rows]
        self._found = ObjectFeatures.joined([one.features for one in read])
        self._masks: list[Mask | None] = [None] * len(self.rows)
        self.corrected = CorrectedFeatures(layout)
        self._places = {
            (owner.stem, row.object): i
            for i, (owner, row) in enumerate(zip(self.owners, self.rows, strict=True))
        }

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def features(self) -> ObjectFeatures:
        """What each looks like; corrected ones with the mask that they have now."""
        own = self._corrected()
        order = np.arange(len(self))
        order[list(own)] = len(self) + np.arange(len(own))
        return ObjectFeatures.joined([self._found, *own.values()]).chosen(order)

    def features_of(self, place: int) -> ObjectFeatures:
        """Return the features of an object, as it was found."""
        return self._found.chosen([place])

    def typical(self, image: Path) -> ObjectFeatures:
        """Return the mean of what is in an image, or in all; zeros if nothing is."""
        own = self._of(image) or list(range(len(self)))
        if not own:
            return _NOTHING
        counts = np.array([len(own)], np.intp)
        zeros = np.zeros(len(own), np.intp)
        return self._found.chosen(own).averaged(zeros, counts)

    def row_of(self, key: Key) -> int | None:
        """Return where an object is in the rows; None if it is not known."""
        return self._places.get(key)

    def require(self, key: Key) -> int:
        """Return where an object is in the rows.

        Raises
        ------
        ImageError
            If it is not known.
        """
        if key not in self._places:
            raise ImageError(f"{key[0]} has no object {key[1]} in {self._layout.root}.")
        return self._places[key]

    def decide(self, place: int, decision: Decision) -> None:
        """Change the row of an object as was decided."""
        self.rows[place] = row_after(row_as_found(self.rows[place]), decision)
        self._masks[place] = decision.after

    def decide_all(self, decisions: Iterable[Decision]) -> None:
        """Change all rows as was decided, from how they were found on."""
        self.rows = [row_as_found(row) for row in self.rows]
        self._masks = [None] * len(self.rows)
        for one in decisions:
            place = self.row_of(one.key)
            if place is not None:
                self.decide(place, one)

    def free_number(self, image: Path) -> int:
        """Return a number that no object of an image has or had."""
        own = self._of(image)
        return 1 + max((self.rows[i].object for i in own), default=0)

    def add(self, image: Path, row: ObjectRow, features: ObjectFeatures) -> int:
        """Write an object that a person drew into the files; return where it is.

        Features first: what a crash leaves then has one row of features too many,
        which are passed over.
        """
        own = self._of(image)
        write_features(
            self._layout.features_of(image),
            ObjectFeatures.joined([self._found.chosen(own), features]),
        )
        rows = [*self._saved[image], row]
        write_rows(self._layout.table_of(image), rows)
        self._saved[image] = rows
        self.owners.append(image)
        self.rows.append(row)
        self._masks.append(None)
        self._found = ObjectFeatures.joined([self._found, features])
        self._places[image.stem, row.object] = len(self.rows) - 1
        return len(self.rows) - 1

    def save(self, rows: Sequence[ObjectRow]) -> None:
        """Write the tables of which rows are others now."""
        by_image: dict[Path, list[ObjectRow]] = {image: [] for image in self._saved}
        for owner, row in zip(self.owners, rows, strict=True):
            by_image[owner].append(row)
        for image, some in by_image.items():
            if some != self._saved[image]:
                write_rows(self._layout.table_of(image), some)
                self._saved[image] = some

    def _of(self, image: Path) -> list[int]:
        return [i for i, owner in enumerate(self.owners) if owner == image]

    def _corrected(self) -> dict[int, ObjectFeatures]:
        found = {}
        for i, mask in enumerate(self._masks):
            if mask is not None:
                own = self.corrected.find(self.owners[i], self.rows[i].object, mask)
                if own is not None:
                    found[i] = own
        return found
