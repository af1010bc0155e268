"""How far two data sets of the same images agree: objects, outlines and classes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import ImageError
from napari_sam.labelling.dataset_layout import DatasetLayout
from napari_sam.labelling.label_files import read_label_frames
from napari_sam.labelling.object_rows import read_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray


@dataclass(frozen=True)
class Agreement:
    """What two data sets have in common.

    Attributes
    ----------
    images
        How many images both have.
    matched
        Objects of both with an IoU above one half.
    only_first, only_second
        Objects of one that the other does not have.
    ious
        IoU of each matched pair.
    classes
        How many matched pairs have each pair of classes.
    """

    images: int
    matched: int
    only_first: int
    only_second: int
    ious: tuple[float, ...] = ()
    classes: Mapping[tuple[str, str], int] = field(default_factory=dict)

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
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, str]] = Counter()
    ious: list[float] = []
    for name in common:
        image = by_name[0][name]
        classes = [_classes(one, image) for one in layouts]
        for a, b in _planes(layouts, image):
            found = _matched(a, b)
            counts["first"] += int((np.unique(a) != 0).sum()) - len(found)
            counts["second"] += int((np.unique(b) != 0).sum()) - len(found)
            for i, j, iou in found:
                ious.append(iou)
                pairs[classes[0].get(i, ""), classes[1].get(j, "")] += 1
    return Agreement(
        len(common), len(ious), counts["first"], counts["second"], tuple(ious),
        dict(sorted(pairs.items())),
    )  # fmt: skip


def _classes(layout: DatasetLayout, image: Path) -> dict[int, str]:
    return {row.object: row.category for row in read_rows(layout.table_of(image))}


def _planes(
    layouts: tuple[DatasetLayout, DatasetLayout], image: Path
) -> Iterator[tuple[NDArray[np.generic], NDArray[np.generic]]]:
    a, b = (read_label_frames(one.labels_of(image)) for one in layouts)
    if (a.sizes, a.plane_shape) != (b.sizes, b.plane_shape):
        raise ImageError(f"Labels of {image.name} are {a!r} and {b!r}.")
    for frame in range(len(a)):
        yield np.asarray(a[frame]), np.asarray(b[frame])


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
