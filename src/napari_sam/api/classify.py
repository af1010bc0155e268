"""Classes of all objects of an image from those of a few, in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.api.promptable import to_promptable
from napari_sam.automatic.named_objects import (
    ObjectClass,
    check_named,
    iter_numbered_features,
    masks_by_address,
)
from napari_sam.core.progress import drain
from napari_sam.io import read_label_image

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend


def classify_objects(
    image: AnyImage,
    labels: NDArray[np.integer] | str | Path,
    named: Mapping[int, str],
    *,
    axes: str | None = None,
    model: str | Backend | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
) -> dict[int, ObjectClass]:
    """Return the class of every object of labels, from the classes of a few.

    A small classifier is fitted to the objects that are named: to their size, light,
    shape and the model's features averaged over them. It takes milliseconds; what takes
    time is to embed the image once.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    labels
        ``(*planes, y, x)`` of whole numbers, 0 is background; or the path of a label
        image. An object may be on several planes.
    named
        Classes of some objects by their numbers, of two classes at least.
    axes, model, appearance, tiling
        As in `segment`.

    Returns
    -------
    Classes
        Name and probability, from 0 to 1, of each object by its number. What was named
        stays as it is, with the probability 1.

    Raises
    ------
    ImageError
        If labels do not have the shape of the image.
    PromptError
        If objects that are named are not there, or have fewer than two classes.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> labels = sam.segment_everything(coins())  # doctest: +SKIP
    >>> named = {1: "large", 9: "small"}
    >>> sam.classify_objects(coins(), labels, named)  # doctest: +SKIP
    """
    promptable = to_promptable(image, axes, model, appearance=appearance, tiling=tiling)
    masks = masks_by_address(promptable.frames, _labels(labels, promptable.frames))
    check_named(named, (at.object_id for at in masks))
    found = drain(iter_numbered_features(promptable, masks, masks.get))
    rest = found.classify_rest(named)
    given = {i: ObjectClass(name, 1.0) for i, name in named.items()}
    return dict(sorted({**rest, **given}.items()))


def _labels(
    labels: NDArray[np.integer] | str | Path, frames: Frames
) -> NDArray[np.integer]:
    if not isinstance(labels, str | Path):
        return np.asarray(labels)
    read = read_label_image(labels, axes="".join(frames.sizes) + "yx").frames
    shape = (*read.sizes.values(), *read.plane_shape)
    return np.stack([read[i] for i in range(len(read))]).reshape(shape)
