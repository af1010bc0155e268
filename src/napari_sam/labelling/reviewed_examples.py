"""Reviewed objects of a data set as examples that a model learns from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.session.corrections import Example, example_windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_sam.labelling.dataset import LabelledDataset

#: What a person has said of an object whose pixels are right.
_RIGHT = ("accepted", "corrected")


def count_reviewed(dataset: LabelledDataset) -> int:
    """Return how many objects a person has accepted or corrected."""
    return sum(dataset.counts[status] for status in _RIGHT)


def iter_reviewed(dataset: LabelledDataset) -> Iterator[Example]:
    """Yield the parts of images that hold what a person accepted or corrected.

    What nobody has looked at teaches nothing: it is left out, and so are images that
    have nothing else.
    """
    right: dict[Path, dict[int, set[int]]] = {}
    for item in dataset.items():
        if item.row.status in _RIGHT:
            frames = right.setdefault(item.image, {})
            frames.setdefault(item.row.frame, set()).add(item.row.object)
    for path, planes in right.items():
        yield from _of_image(dataset, path, planes)


def _of_image(
    dataset: LabelledDataset, path: Path, planes: dict[int, set[int]]
) -> Iterator[Example]:
    """Yield the parts of one image, shown as when its objects were found."""
    frames, appearance = dataset.describer.shown(path)
    labels = dataset.labels(path).reshape(-1, *frames.plane_shape)
    for frame, ids in sorted(planes.items()):
        for window in example_windows(*frames.plane_shape):
            own = _whole(labels[frame], window.slices, ids)
            if own.any():
                yield Example(appearance.render(frames.read(frame, window)), own)


def _whole(
    plane: NDArray[np.uint32], window: tuple[slice, slice], ids: set[int]
) -> NDArray[np.uint32]:
    """Return labels of a window, of those objects that lie in it as a whole."""
    part, sizes = plane[window], np.bincount(plane.ravel())
    here = np.bincount(part.ravel(), minlength=len(sizes))
    whole = [i for i in ids if i < len(sizes) and here[i] == sizes[i] > 0]
    return np.where(np.isin(part, whole), part, 0)
