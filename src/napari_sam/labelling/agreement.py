"""How far two persons' labels of the same images agree: objects, outlines, classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.core.images.frames import Frames
from napari_sam.labelling.dataset_layout import DatasetLayout
from napari_sam.labelling.label_files import read_label_frames
from napari_sam.labelling.object_rows import read_rows
from napari_sam.session import ImageIdentity

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.session import AnnotationSession


@dataclass(frozen=True)
class Agreement:
    """What the labels of two persons have in common.

    Attributes
    ----------
    images
        How many images both have.
    matched
        Objects of both with an IoU above one half, plane by plane.
    only_first, only_second
        Objects of one that the other does not have.
    ious
        IoU of each matched pair.
    classes
        How many matched pairs have each pair of classes.
    classes_of_first, classes_of_second
        How many of the objects that only one has are of each class.
    """

    images: int
    matched: int
    only_first: int
    only_second: int
    ious: tuple[float, ...] = ()
    classes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    classes_of_first: Mapping[str, int] = field(default_factory=dict)
    classes_of_second: Mapping[str, int] = field(default_factory=dict)

    @property
    def f1(self) -> float:
        """Share of the objects of both that are matched; 1 if there is none."""
        both = 2 * self.matched + self.only_first + self.only_second
        return 2 * self.matched / both if both else 1.0

    @property
    def mean_iou(self) -> float:
        """Mean IoU of the matched pairs; NaN without any."""
        return float(np.mean(self.ious)) if self.ious else float("nan")

    @property
    def same_class(self) -> float:
        """Share of the matched pairs that have one class; NaN without any."""
        total = sum(self.classes.values())
        same = sum(n for (a, b), n in self.classes.items() if a == b)
        return same / total if total else float("nan")

    @property
    def f1_of_classes(self) -> dict[str, float]:
        """Share of the objects of each class that both have, with that class.

        As `f1`, of the objects to which either gave the class; sorted by its name.
        """
        both = Counter({a: n for (a, b), n in self.classes.items() if a == b})
        total = Counter(self.classes_of_first) + Counter(self.classes_of_second)
        for (a, b), n in self.classes.items():
            total[a] += n
            total[b] += n
        return {name: 2 * both[name] / total[name] for name in sorted(total)}

    @property
    def kappa(self) -> float:
        """Cohen's kappa of the classes of matched pairs; NaN where it has no meaning.

        That is where there are no pairs, or chance alone would always agree.
        """
        total = sum(self.classes.values())
        if not total:
            return float("nan")
        first: Counter[str] = Counter()
        second: Counter[str] = Counter()
        for (a, b), n in self.classes.items():
            first[a] += n
            second[b] += n
        by_chance = sum(first[name] * second[name] for name in first) / total**2
        if by_chance >= 1:
            return float("nan")
        return (self.same_class - by_chance) / (1 - by_chance)


def compare_datasets(first: Path, second: Path) -> Agreement:
    """Compare two labelled data sets of the same images, as of two persons.

    Images that only one has are passed over.

    Parameters
    ----------
    first, second
        Folders, as `label` made them.

    Raises
    ------
    ImageError
        If they have no image in common, or labels of one have other shapes.
    """
    layouts = DatasetLayout(first), DatasetLayout(second)
    by_name = [{p.stem: p for p in one.read_index().images} for one in layouts]
    common = sorted(set(by_name[0]) & set(by_name[1]))
    if not common:
        raise ImageError(f"{first} and {second} have no image in common.")
    count = _Count()
    for name in common:
        image = by_name[0][name]
        first_frames, second_frames = _label_frames(layouts, image)
        first_classes, second_classes = (_classes(one, image) for one in layouts)
        count.add(first_frames, second_frames, first_classes, second_classes)
    return count.agreement(len(common))


def compare_sessions(first: AnnotationSession, second: AnnotationSession) -> Agreement:
    """Compare two sessions of the same image, as of two persons.

    An object on several frames counts once on each.

    Parameters
    ----------
    first, second
        Sessions, such as `replay` makes of their files.

    Raises
    ------
    ImageError
        If they are of different images.
    """
    if ImageIdentity.of(first.frames) != ImageIdentity.of(second.frames):
        raise ImageError("The sessions are of different images.")
    axes = "".join([*first.frames.sizes, "y", "x"])
    count = _Count()
    count.add(
        Frames(first.labels, axes),
        Frames(second.labels, axes),
        _classes_of(first),
        _classes_of(second),
    )
    return count.agreement(1)


class _Count:
    """Objects that two persons have in common, counted image by image."""

    def __init__(self) -> None:
        self._ious: list[float] = []
        self._pairs: Counter[tuple[str, str]] = Counter()
        self._only: tuple[Counter[str], Counter[str]] = Counter(), Counter()

    def add(
        self,
        first: Frames,
        second: Frames,
        first_classes: Mapping[int, str],
        second_classes: Mapping[int, str],
    ) -> None:
        """Count the objects of an image: labels, and their classes by number."""
        classes = first_classes, second_classes
        for frame in range(len(first)):
            planes = np.asarray(first[frame]), np.asarray(second[frame])
            found = _matched(*planes)
            self._ious += [iou for _, _, iou in found]
            self._pairs.update(
                (first_classes.get(i, ""), second_classes.get(j, ""))
                for i, j, _ in found
            )
            for side, plane in enumerate(planes):
                left = {*np.unique(plane).tolist()} - {0, *(o[side] for o in found)}
                self._only[side].update(classes[side].get(i, "") for i in left)

    def agreement(self, images: int) -> Agreement:
        """Return what was counted."""
        first, second = self._only
        return Agreement(
            images,
            len(self._ious),
            first.total(),
            second.total(),
            tuple(self._ious),
            dict(sorted(self._pairs.items())),
            dict(sorted(first.items())),
            dict(sorted(second.items())),
        )


def _classes(layout: DatasetLayout, image: Path) -> dict[int, str]:
    return {row.object: row.category for row in read_rows(layout.table_of(image))}


def _classes_of(session: AnnotationSession) -> dict[int, str]:
    return {i: info.category for i, info in dict(session.objects).items()}


def _label_frames(
    layouts: tuple[DatasetLayout, DatasetLayout], image: Path
) -> tuple[Frames, Frames]:
    a, b = (read_label_frames(one.labels_of(image)) for one in layouts)
    if (a.sizes, a.plane_shape) != (b.sizes, b.plane_shape):
        raise ImageError(f"Labels of {image.name} are {a!r} and {b!r}.")
    return a, b


def _matched(
    a: NDArray[np.generic], b: NDArray[np.generic]
) -> list[tuple[int, int, float]]:
    """Return pairs of objects with an IoU above one half, which are unique."""
    pairs, common = np.unique(
        np.stack([a.ravel(), b.ravel()]).astype(np.int64), axis=1, return_counts=True
    )
    areas = [
        dict(zip(*np.unique(one, return_counts=True), strict=True)) for one in (a, b)
    ]
    found = []
    for i, j, n in zip(*pairs.tolist(), common.tolist(), strict=True):
        if i and j:
            iou = n / (areas[0][i] + areas[1][j] - n)
            if iou > 0.5:
                found.append((i, j, float(iou)))
    return found
