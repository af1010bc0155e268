"""Features of objects for a classifier: the model's, their light, size and shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from skimage.measure import regionprops

from napari_sam.automatic.descriptors import Descriptors, describe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.mask import Mask
    from napari_sam.image import PromptableImage

#: Numbers that tell the shape of an object.
_SHAPES = 4


@dataclass(frozen=True, eq=False)
class ObjectFeatures:
    """What n objects look like and which shape they have, a row each.

    Attributes
    ----------
    looks
        The model's features, areas and light.
    shapes
        ``(n, 4)`` float32: minor axis divided by major axis, share of the convex hull,
        share of the bounding box, and ``4 pi area / perimeter ** 2`` (at most 1.5), so
        that a disk has about (1, 1, 0.8, 1).
    """

    looks: Descriptors
    shapes: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.looks)

    @classmethod
    def joined(cls, several: Sequence[ObjectFeatures]) -> ObjectFeatures:
        """Put the rows of several below each other; none are no rows."""
        some = [one for one in several if len(one)]
        shapes = [one.shapes for one in some] or [np.zeros((0, _SHAPES), np.float32)]
        return cls(
            Descriptors.joined([one.looks for one in some]), np.concatenate(shapes)
        )

    def chosen(self, indices: Sequence[int] | NDArray[np.intp]) -> ObjectFeatures:
        """Return some of them, in the order given."""
        i = np.asarray(indices, np.intp)
        return ObjectFeatures(self.looks.chosen(i), self.shapes[i])

    def averaged(
        self, row: NDArray[np.intp], counts: NDArray[np.intp]
    ) -> ObjectFeatures:
        """Average rows that are of the same object.

        Parameters
        ----------
        row
            ``(n,)``: which row of the result each belongs to.
        counts
            How many rows each row of the result is made of.
        """

        def means(block: NDArray[np.floating]) -> NDArray[np.float32]:
            total = np.zeros((len(counts), *block.shape[1:]))
            np.add.at(total, row, block)
            shape = (-1, *[1] * (block.ndim - 1))
            return (total / counts.reshape(shape)).astype(np.float32)

        looks = self.looks
        areas = means(looks.areas).astype(np.float64)
        made = Descriptors(means(looks.features), areas, means(looks.light))
        return ObjectFeatures(made, means(self.shapes))

    @property
    def blocks(self) -> list[NDArray[np.float32]]:
        """Size, light, shape and model features: ``(n, k)`` float32 each."""
        size = np.log2(np.maximum(self.looks.areas, 1))[:, None].astype(np.float32)
        return [size, self.looks.light, self.shapes, self.looks.features]


def describe_objects(
    image: PromptableImage, frame: int, masks: Sequence[Mask]
) -> ObjectFeatures:
    """Return the features of objects of one plane, in their order.

    What the store does not have of the plane is embedded.

    Parameters
    ----------
    image
        The image, with its model.
    frame
        The plane.
    masks
        Their pixels; none of them empty.
    """
    shapes = [shape_of(mask.array) for mask in masks]
    rows = np.array(shapes, np.float32).reshape(-1, _SHAPES)
    return ObjectFeatures(describe(image, frame, masks), rows)


def shape_of(inside: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """Return elongation, solidity, extent and roundness of a 2D mask."""
    (found,) = regionprops(np.pad(inside, 1).astype(np.uint8))
    if min(found.image.shape) < 2:  # a line has no hull
        return (1.0, 1.0, float(found.extent), 1.0)
    around = max(float(found.perimeter), 1.0)
    roundness = 4 * np.pi * float(found.area) / around**2
    return (
        float(found.axis_minor_length / max(found.axis_major_length, 1e-6)),
        float(found.solidity),
        float(found.extent),
        float(min(roundness, 1.5)),
    )
