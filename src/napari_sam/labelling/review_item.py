"""One object of a labelled data set, as a review shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.labelling.object_rows import ObjectRow


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """An item of the review: an object, its class, and how uncertain it is.

    Attributes
    ----------
    image
        The image file.
    row
        Number, plane, class, scores, source, status and box.
    uncertainty
        How uncertain it is, from 0 to 1.
    wrong
        How probable it is that it would be rejected, from 0 to 1, going by what was.
    """

    image: Path
    row: ObjectRow
    uncertainty: float
    wrong: float

    @property
    def key(self) -> tuple[str, int]:
        """Name of the image without its suffix, and the object's number."""
        return self.image.stem, self.row.object

    @property
    def category(self) -> str:
        """Its class; ``""`` for none."""
        return self.row.category

    def __str__(self) -> str:
        name = self.category or "no class"
        return (
            f"{self.image.name} object {self.row.object}: {name} "
            f"{self.row.class_score:.2f}, mask {self.row.score:.2f}, "
            f"uncertainty {self.uncertainty:.2f}"
        )
