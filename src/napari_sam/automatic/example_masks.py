"""Examples in any form, as masks: prompts and boxes are decoded, labels are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from napari_sam.automatic.descriptors import Descriptors
from napari_sam.automatic.similar import Candidates, example_candidates
from napari_sam.core.errors import ImageError, PromptError
from napari_sam.core.geometry.region import Region
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.images.frames import Frames
    from napari_sam.image import PromptableImage

#: An object that is an example: its pixels, its box, or prompts for it.
AnyExample: TypeAlias = "Mask | Region | Prompts"

#: Examples of an image: on its first plane, by their plane, or as labels.
AnyExamples: TypeAlias = (
    "Sequence[AnyExample] | Mapping[int, Sequence[AnyExample]] | NDArray[np.integer]"
)


def example_masks(image: PromptableImage, given: AnyExamples) -> dict[int, list[Mask]]:
    """Return the masks of examples by their plane; what is not a mask is decoded.

    Raises
    ------
    ImageError
        If labels do not have the shape of the image, or an example is empty.
    PromptError
        If prompts are not on the image, or an example is of another kind.
    """
    if isinstance(given, np.ndarray):
        return masks_of_labels(image.frames, given)
    by_plane = given if isinstance(given, Mapping) else {0: given}
    return {
        frame: _masks(image, frame, examples)
        for frame, examples in by_plane.items()
        if len(examples)
    }


def masks_of_labels(
    frames: Frames, labels: NDArray[np.integer]
) -> dict[int, list[Mask]]:
    """Return the mask of every object of every plane of labels."""
    shape = (*frames.sizes.values(), *frames.plane_shape)
    if labels.shape != shape:
        raise ImageError(
            f"Labels of examples of the shape {labels.shape}; the image has {shape}."
        )
    planes = labels.reshape(-1, *frames.plane_shape)
    return {
        frame: [Mask.from_array(plane == i) for i in np.unique(plane) if i]
        for frame, plane in enumerate(planes)
        if plane.any()
    }


def described_examples(
    image: PromptableImage, given: AnyExamples
) -> dict[int, Candidates]:
    """Return examples in any form as described masks, by their plane."""
    return {
        frame: example_candidates(image, frame, masks)
        for frame, masks in example_masks(image, given).items()
    }


def rows_of(planes: Mapping[int, Candidates]) -> Descriptors:
    """Return the descriptors of all planes, in their order."""
    return Descriptors.joined([one.descriptors for one in planes.values()])


def _masks(
    image: PromptableImage, frame: int, examples: Sequence[AnyExample]
) -> list[Mask]:
    wanted = [_prompts(one) for one in examples]
    decoded = iter(image.segment_many([p for p in wanted if p is not None], frame))
    masks = [
        one if isinstance(one, Mask) else next(decoded).to_mask() for one in examples
    ]
    for one, mask in zip(examples, masks, strict=True):
        if not mask:
            raise ImageError(f"An example has no pixels: {one!r}.")
    return masks


def _prompts(one: AnyExample) -> Prompts | None:
    """Return what is to be decoded, or None for a mask."""
    if isinstance(one, Mask):
        return None
    if isinstance(one, Region):
        return Prompts.rectangle(one.top, one.left, one.bottom, one.right)
    if not isinstance(one, Prompts):
        raise PromptError(
            f"{type(one).__name__} is no example: expected a Mask, a Region (a box), "
            "Prompts, or an array of labels."
        )
    return one
