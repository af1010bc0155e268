"""Prompts from existing labels: one for each object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from napari_sam.core.address import Address
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.prompts import Prompts
from napari_sam.io.label_numbers import LARGEST, label_numbers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.io.vector_prompts import Form


def prompts_of_labels(
    labels: Frames, *, form: Form = "box", where: str = "The label image"
) -> dict[Address, Prompts]:
    """Return a prompt for each object in each plane of labels.

    Parameters
    ----------
    labels
        Whole numbers, 0 for the background, as planes:
        ``read_label_image(path).frames``.
    form
        The tight ``"box"``, a ``"point"`` in the middle, where the object is widest,
        or the ``"mask"`` itself, to be refined.
    where
        Name of the labels in messages.

    Raises
    ------
    ImageError
        If they are no labels.
    PromptError
        If there is no object.
    """
    prompts = {}
    for frame in range(len(labels)):
        plane = label_numbers(labels[frame], where)
        numbers, dense = np.unique(plane, return_inverse=True)
        _check_largest(numbers, where)
        windows = ndimage.find_objects(dense.reshape(plane.shape) + 1)
        for number, window in zip(numbers.tolist(), windows, strict=True):
            if number > 0 and window is not None:
                mask = plane[window] == number
                at = (window[0].start, window[1].start)
                prompts[Address(frame, int(number))] = _prompts_for(mask, at, form)
    if not prompts:
        raise PromptError("The labels hold no object.")
    return prompts


def _check_largest(numbers: NDArray[np.generic], where: str) -> None:
    """Refuse numbers that no label image could hold, before any long work."""
    if numbers.size and int(numbers[-1]) > LARGEST:
        raise ImageError(
            f"{where}: the label {numbers[-1]} is larger than {LARGEST}. Number the "
            "objects anew, from 1."
        )


def middle(mask: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the pixel of a mask that is farthest from its edge."""
    inside = np.pad(mask, 1)
    depth = ndimage.distance_transform_edt(inside)[1:-1, 1:-1]
    row, col = np.unravel_index(int(depth.argmax()), mask.shape)
    return int(row), int(col)


def _prompts_for(mask: NDArray[np.bool_], at: tuple[int, int], form: Form) -> Prompts:
    top, left = at
    if form == "box":
        return Prompts().rectangle(top, left, top + mask.shape[0], left + mask.shape[1])
    if form == "point":
        row, col = middle(mask)
        return Prompts().point(top + row, left + col)
    return Prompts.from_mask(mask, top=top, left=left)
