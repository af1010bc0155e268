"""Tests for every propagator: subclass, make one for a movie, inherit the tests."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.mask import Mask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.core.propagation import PropagatedObject, Propagator

#: Frames of `movie`, and the frame of it on which nothing is to be seen.
FRAMES, DARK = 8, 5


def movie(*, dark: bool = False) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a movie ``(t, y, x)`` of two bright discs, and its labels.

    The discs approach each other by a pixel a frame and never touch.

    Parameters
    ----------
    dark
        Whether one of the frames shows nothing.
    """
    y, x = np.mgrid[:64, :64]
    labels = np.zeros((FRAMES, 64, 64), np.uint8)
    for t in range(FRAMES):
        labels[t][(y - 20 - t) ** 2 + (x - 14 - t) ** 2 < 8**2] = 1
        labels[t][(y - 44) ** 2 + (x - 46 + t) ** 2 < 10**2] = 2
    ground = 20 + 10 * np.sin(y / 5) + 10 * np.cos(x / 7)
    pixels = np.where(labels > 0, 200 - 10 * np.cos(x + y), ground).astype(np.uint8)
    if dark:
        pixels[DARK] = 0
    return pixels, labels


def masks_of(labels: NDArray[np.uint8]) -> dict[int, Mask]:
    """Return the masks of a label image by label."""
    return {int(i): Mask.from_label(labels, i) for i in np.unique(labels) if i}


class PropagatorTests(ABC):
    """Tests of what every propagator promises.

    Examples
    --------
    >>> class TestMine(PropagatorTests):
    ...     def make_propagator(self, pixels):
    ...         return MyPropagator(pixels)
    """

    #: The least IoU with the true masks, some frames after the seeds.
    least_iou = 0.7
    #: The least IoU on the frame after one that shows nothing.
    least_iou_after_dark = 0.5

    @abstractmethod
    def make_propagator(self, pixels: NDArray[np.uint8]) -> Propagator:
        """Return a propagator over the frames ``(t, y, x)`` of a movie."""

    def propagated(
        self, first: int, last: int, *, dark: bool = False
    ) -> list[Mapping[int, PropagatedObject]]:
        """Propagate both objects from a frame to another, and return them on each."""
        pixels, labels = movie(dark=dark)
        propagator = self.make_propagator(pixels)
        objects: Mapping[int, PropagatedObject]
        objects = propagator.start(first, masks_of(labels[first]))
        steps: list[Mapping[int, PropagatedObject]] = [objects]
        way = 1 if last > first else -1
        for frame in range(first + way, last + way, way):
            objects = propagator.propagate(objects, frame, {})
            steps.append(objects)
        return steps

    def test_it_starts_with_the_masks_that_it_is_given(self) -> None:
        """They are certain."""
        (objects,) = self.propagated(3, 3)[:1]
        assert {i: o.mask for i, o in objects.items()} == masks_of(movie()[1][3])
        assert [(o.frame, o.age, o.confidence) for o in objects.values()] == [
            (3, 0, 1.0)
        ] * 2

    def test_objects_are_followed_forward_and_backward(self) -> None:
        """Each keeps its id, and is where the truth has it."""
        truth = movie()[1]
        for first, last in ((0, FRAMES - 1), (FRAMES - 1, 0)):
            for objects in self.propagated(first, last):
                for i, found in objects.items():
                    true = masks_of(truth[found.frame])[i]
                    assert found.mask.iou(true) >= self.least_iou
                    assert found.age == abs(found.frame - first)

    def test_two_objects_share_no_pixel(self) -> None:
        """A pixel belongs to one object at most."""
        for objects in self.propagated(0, FRAMES - 1):
            assert not objects[1].mask & objects[2].mask

    def test_pixels_that_are_taken_stay_so(self) -> None:
        """What a person has decided on a frame is not painted over."""
        pixels, labels = movie()
        propagator = self.make_propagator(pixels)
        objects = propagator.start(0, {1: masks_of(labels[0])[1]})
        half = np.where(np.arange(64)[:, None] < 22, labels[1], 0)
        taken = {7: masks_of(half)[1]}
        found = propagator.propagate(objects, 1, taken)
        assert found[1].mask
        assert not found[1].mask & taken[7]

    def test_nothing_is_lost_on_a_frame_that_shows_nothing(self) -> None:
        """It goes on with less confidence, and is found again."""
        steps = self.propagated(DARK - 1, DARK + 1, dark=True)
        assert all(set(objects) == {1, 2} for objects in steps)
        for i in (1, 2):
            assert steps[1][i].mask
            assert steps[1][i].confidence < steps[0][i].confidence
            true = masks_of(movie()[1][DARK + 1])[i]
            assert steps[2][i].mask.iou(true) >= self.least_iou_after_dark

    def test_confidence_is_a_share(self) -> None:
        """From 0 to 1."""
        for objects in self.propagated(0, FRAMES - 1):
            assert all(0 <= o.confidence <= 1 for o in objects.values())

    def test_propagating_is_a_pure_function(self) -> None:
        """The same objects give the same again; nothing is kept between calls."""
        pixels, labels = movie()
        propagator = self.make_propagator(pixels)
        objects = propagator.start(0, masks_of(labels[0]))
        first = propagator.propagate(objects, 1, {})
        propagator.propagate(first, 2, {})
        again = propagator.propagate(objects, 1, {})
        assert {i: o.mask for i, o in again.items()} == {
            i: o.mask for i, o in first.items()
        }
        assert objects[1].frame == 0
