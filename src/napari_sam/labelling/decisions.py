"""Decisions of a review, in the log, in the label images and in the rows at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.labelling.review_log import Decision

if TYPE_CHECKING:
    from napari_sam.core.mask import Mask
    from napari_sam.labelling.dataset_pixels import DatasetPixels
    from napari_sam.labelling.known_objects import KnownObjects
    from napari_sam.labelling.object_rows import ReviewStatus
    from napari_sam.labelling.review_log import ReviewLog


class Decisions:
    """Takes the decisions of a review, and takes them back.

    Pixels that a crash left behind the log are made good at the beginning.

    Parameters
    ----------
    log
        Where they are written, first of all.
    objects, pixels
        What they are about.
    """

    def __init__(
        self, log: ReviewLog, objects: KnownObjects, pixels: DatasetPixels
    ) -> None:
        self._log, self._objects, self._pixels = log, objects, pixels
        self._redo_pixels()
        objects.decide_all(log.decisions)

    def __len__(self) -> int:
        return len(self._log)

    def decide(
        self, place: int, status: ReviewStatus, category: str, **pixels: Mask | None
    ) -> None:
        """Decide about an object.

        Parameters
        ----------
        place
            Which one.
        status, category
            What becomes of it.
        pixels
            As `mask`, those it has then, None for none; if they are not given, they
            stay, and those of a rejected object that is accepted come back.
        """
        row = self._objects.rows[place]
        changes = bool(pixels) or row.status == "rejected"
        before = self.mask(place) if changes else None
        after = pixels["mask"] if pixels else before
        number = (self._objects.owners[place].stem, row.object)
        made = Decision(*number, status, category, before, after)
        self._log.append(made)
        if before is not None:
            self._exchange(place, before, after)
        self._objects.decide(place, made)

    def undo(self) -> int | None:
        """Take the last decision back; return which object it is about, or None."""
        last = self._log.undo()
        place = None if last is None else self._objects.row_of(last.key)
        if last is None or place is None:
            return None
        if last.before is not None:
            self._exchange(place, last.after or last.before, last.before)
        self._objects.decide_all(self._log.decisions)
        return place

    def mask(self, place: int) -> Mask:
        """Return the pixels of an object; of one that was rejected, those it had."""
        owner, row = self._objects.owners[place], self._objects.rows[place]
        for one in reversed(self._log.decisions):
            if one.key == (owner.stem, row.object) and one.before is not None:
                return one.before if one.after is None else one.after
        return self._pixels.mask(owner, row)

    def _exchange(self, place: int, before: Mask, after: Mask | None) -> None:
        owner, row = self._objects.owners[place], self._objects.rows[place]
        self._pixels.exchange(owner, row, before, after)

    def _redo_pixels(self) -> None:
        """Change the pixels of the last decision, if a crash came in between."""
        last = self._log.last
        if last is None or last.before is None:
            return
        place = self._objects.row_of(last.key)
        if place is not None and self._log.decisions[-1:] == [last]:
            self._exchange(place, last.before, last.after)
        elif place is not None:
            self._exchange(place, last.after or last.before, last.before)
