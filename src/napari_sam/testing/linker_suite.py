"""Tests for every linker: subclass, make one, inherit the tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.images.frames import Frames
from napari_sam.core.linking import Detection, Link
from napari_sam.core.progress import drain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.linking import Linker

#: Frames of `cells`, and the first on which the last cell is two.
FRAMES, BIRTH = 6, 3


def cells(*, divides: bool = False) -> NDArray[np.uint16]:
    """Return labels ``(t, y, x)`` of two cells that move, and of one that may divide.

    An object has one label on all frames: 1 and 2; 3, and 4 and 5 after it divided.
    """
    y, x = np.mgrid[:96, :96]
    labels = np.zeros((FRAMES, 96, 96), np.uint16)

    def disc(frame: int, label: int, row: float, col: float, radius: float) -> None:
        labels[frame][(y - row) ** 2 + (x - col) ** 2 < radius**2] = label

    for t in range(FRAMES):
        disc(t, 1, 20 + 2 * t, 14 + 2 * t, 8)
        disc(t, 2, 24, 76 - 2 * t, 10)
        if not divides or t < BIRTH:
            disc(t, 3, 70, 48, 11)
        else:
            disc(t, 4, 70, 38 - (t - BIRTH), 8)
            disc(t, 5, 70, 58 + (t - BIRTH), 8)
    return labels


def renumbered(
    labels: NDArray[np.uint16],
) -> tuple[NDArray[np.uint16], NDArray[np.int_]]:
    """Return labels with other numbers on each frame, and the numbers by frame."""
    draw = np.random.default_rng(0)
    most = int(labels.max())
    numbers = np.zeros((len(labels), most + 1), int)
    for frame in range(len(labels)):
        numbers[frame, 1:] = 1 + draw.permutation(3 * most)[:most]
    out = np.stack([n[plane] for n, plane in zip(numbers, labels, strict=True)])
    return out.astype(np.uint16), numbers


class LinkerTests(ABC):
    """Tests of what every linker promises.

    Examples
    --------
    >>> class TestMine(LinkerTests):
    ...     def make_linker(self):
    ...         return MyLinker()
    """

    #: Whether it finds divisions.
    divides = True

    @abstractmethod
    def make_linker(self) -> Linker:
        """Return a linker."""

    def linked(self, labels: NDArray[np.uint16]) -> list[Link]:
        """Link labels ``(t, y, x)``; the image shows the objects bright."""
        image = Frames(200.0 * (labels > 0), "tyx")
        frames = Frames(labels, "tyx")
        return sorted(drain(self.make_linker().link(frames, "t", image=image)))

    def test_an_object_goes_on_as_itself(self) -> None:
        """Each moves by a part of its size."""
        expected = [
            Link(Detection(t, i), Detection(t + 1, i))
            for t in range(FRAMES - 1)
            for i in (1, 2, 3)
        ]
        assert self.linked(cells()) == expected

    def test_a_division_is_two_links(self) -> None:
        """From the mother to each of her daughters."""
        if not self.divides:
            return
        found = self.linked(cells(divides=True))
        mother = Detection(BIRTH - 1, 3)
        daughters = [Detection(BIRTH, 4), Detection(BIRTH, 5)]
        assert [k for k in found if k.source == mother] == [
            Link(mother, one) for one in daughters
        ]
        assert len(found) == 2 * (FRAMES - 1) + 2 + 2 * (FRAMES - BIRTH) - 2 + BIRTH - 1

    def test_numbers_of_labels_mean_nothing(self) -> None:
        """Other numbers on each frame give the same links."""
        labels = cells(divides=self.divides)
        changed, numbers = renumbered(labels)
        expected = {
            tuple(Detection(d.time, int(numbers[d.time, d.label])) for d in link)
            for link in self.linked(labels)
        }
        assert {tuple(link) for link in self.linked(changed)} == expected

    def test_links_go_forward_between_objects_that_are_there(self) -> None:
        """And each link is there once."""
        labels = cells(divides=True)
        found = self.linked(labels)
        assert len(set(found)) == len(found)
        for source, target in found:
            assert target.time > source.time
            for time, label in (source, target):
                assert label > 0
                assert (labels[time] == label).any()

    def test_frames_without_objects_are_fine(self) -> None:
        """At the beginning, at the end, or all of them."""
        labels = cells()
        labels[0] = labels[-1] = 0
        assert {k.source.time for k in self.linked(labels)} == set(range(1, FRAMES - 2))
        assert self.linked(np.zeros((3, 32, 32), np.uint16)) == []

    def test_linking_is_a_pure_function(self) -> None:
        """The same again gives the same; nothing is kept between calls."""
        linker, frames = self.make_linker(), Frames(cells(divides=True), "tyx")
        image = Frames(200.0 * (cells(divides=True) > 0), "tyx")
        once, again = (
            sorted(drain(linker.link(frames, "t", image=image))) for _ in range(2)
        )
        assert once == again

    def test_progress_comes_to_its_end(self) -> None:
        """And never goes back."""
        frames = Frames(cells(), "tyx")
        image = Frames(200.0 * (cells() > 0), "tyx")
        steps = [s.done for s in self.make_linker().link(frames, "t", image=image)]
        assert steps == sorted(steps)
        assert steps[-1] == FRAMES
