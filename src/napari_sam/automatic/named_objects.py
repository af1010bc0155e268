"""Classes of all objects of an image, from those of a few."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.ndimage import find_objects

from napari_sam.automatic.object_classifier import ObjectClassifier
from napari_sam.automatic.object_features import ObjectFeatures, describe_objects
from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.mask import Mask
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.image import PromptableImage

#: Frames of one object that are looked at: tracks look much the same all along.
_MOST_FRAMES = 5


class ObjectClass(NamedTuple):
    """The class of an object.

    Attributes
    ----------
    name
        As people call it.
    probability
        How probable it is, from 0 to 1; 1 where a person gave it.
    """

    name: str
    probability: float


@dataclass(frozen=True, eq=False)
class NumberedFeatures:
    """Features of objects by their numbers: of several frames, their means.

    Attributes
    ----------
    ids
        Numbers, in the order of the rows.
    features
        A row each.
    """

    ids: tuple[int, ...]
    features: ObjectFeatures

    def classify_rest(self, named: Mapping[int, str]) -> dict[int, ObjectClass]:
        """Return the classes of the objects that are not named.

        Raises
        ------
        PromptError
            If the objects that are named here have fewer than two classes.
        """
        rows = {i: row for row, i in enumerate(self.ids)}
        known = [i for i in named if i in rows]
        rest = [i for i in self.ids if i not in named]
        classifier = ObjectClassifier.fit(
            self.features.chosen([rows[i] for i in known]),
            [named[i] for i in known],
            among=self.features,
        )
        found = classifier.classify(self.features.chosen([rows[i] for i in rest]))
        return {i: ObjectClass(*one) for i, one in zip(rest, found, strict=True)}


def iter_numbered_features(
    image: PromptableImage,
    places: Iterable[Address],
    mask_at: Callable[[Address], Mask | None],
) -> Generator[Progress, None, NumberedFeatures]:
    """Describe objects, plane by plane; one `Progress` a plane.

    Parameters
    ----------
    image
        The image, with its model.
    places
        Where the objects are; of many frames of one, some are looked at.
    mask_at
        Returns the mask of an object in a plane, or None if it is gone.
    """
    by_frame = _by_frame(places)
    ids: list[int] = []
    parts: list[ObjectFeatures] = []
    for done, (frame, ats) in enumerate(sorted(by_frame.items())):
        yield Progress(done, len(by_frame), "describing objects")
        masks = {at.object_id: mask for at in ats if (mask := mask_at(at))}
        ids += masks
        parts.append(describe_objects(image, frame, list(masks.values())))
    yield Progress(len(by_frame), len(by_frame), "describing objects")
    return _averaged(ids, ObjectFeatures.joined(parts))


def masks_by_address(
    frames: Frames, labels: NDArray[np.integer]
) -> dict[Address, Mask]:
    """Return the mask of every object of every plane of labels, by their numbers.

    Raises
    ------
    ImageError
        If labels do not have the shape of the image.
    """
    shape = (*frames.sizes.values(), *frames.plane_shape)
    if labels.shape != shape:
        raise ImageError(f"Labels of the shape {labels.shape}; the image has {shape}.")
    found: dict[Address, Mask] = {}
    for frame, plane in enumerate(labels.reshape(-1, *frames.plane_shape)):
        numbers, compact = np.unique(plane, return_inverse=True)
        compact = compact.reshape(plane.shape).astype(np.int32)
        for i, place in enumerate(find_objects(compact + 1)):
            if numbers[i]:
                rows, cols = place
                found[Address(frame, int(numbers[i]))] = Mask.from_label(
                    compact[place], i, top=rows.start, left=cols.start
                )
    return found


def check_named(named: Mapping[int, str], known: Iterable[int]) -> None:
    """Refuse names of objects that are not there, and empty ones.

    Raises
    ------
    PromptError
        With the numbers that are wrong.
    """
    missing = sorted(set(named).difference(known))
    if missing:
        raise PromptError(f"There are no objects {missing[:10]} in the labels.")
    empty = [i for i, name in named.items() if not name]
    if empty:
        raise PromptError(f"Objects {empty[:10]} have an empty class.")


def _by_frame(places: Iterable[Address]) -> dict[int, list[Address]]:
    by_object: dict[int, list[Address]] = {}
    for at in places:
        by_object.setdefault(at.object_id, []).append(at)
    by_frame: dict[int, list[Address]] = {}
    for ats in by_object.values():
        for at in _some(sorted(ats)):
            by_frame.setdefault(at.frame, []).append(at)
    return by_frame


def _some(ats: Sequence[Address]) -> list[Address]:
    """Return frames spread evenly, the first and the last among them."""
    count = min(len(ats), _MOST_FRAMES)
    return [ats[round(i)] for i in np.linspace(0, len(ats) - 1, count)]


def _averaged(ids: Sequence[int], features: ObjectFeatures) -> NumberedFeatures:
    """Return one row for each object: the mean of its rows."""
    numbers, row, counts = np.unique(ids, return_inverse=True, return_counts=True)
    if len(numbers) == len(ids):
        order = np.argsort(ids)
        return NumberedFeatures(tuple(numbers.tolist()), features.chosen(order))
    return NumberedFeatures(tuple(numbers.tolist()), features.averaged(row, counts))
