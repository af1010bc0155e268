"""What links objects found frame by frame: a protocol, and the values it returns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.progress import Progress


class Detection(NamedTuple):
    """An object of one time: the position along the axis, and its label there."""

    time: int
    label: int


class Link(NamedTuple):
    """The object `source` goes on as, or as a part of, the later object `target`.

    Two links from one object are a division, two links to one object a merge.
    """

    source: Detection
    target: Detection


@runtime_checkable
class Linker(Protocol):
    """A method that links; test yours with `testing.LinkerTests`."""

    def link(
        self, labels: Frames, axis: str, *, image: Frames | None = None
    ) -> Generator[Progress, None, Sequence[Link]]:
        """Link objects, and yield after each time.

        Parameters
        ----------
        labels
            Label images ``(t, y, x)`` or with ``z``; an object has one label within a
            time, and its labels at different times have nothing to do with each other.
        axis
            The axis to link along.
        image
            The image itself, for methods that look at it.

        Returns
        -------
        sequence of Link
            In any order. No object both divides and merges over the same link.
        """
