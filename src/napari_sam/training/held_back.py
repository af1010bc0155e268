"""Which labelled images are held back, to measure on what was not learnt from."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.errors import NapariSamError
from napari_sam.core.images.frames import Frames
from napari_sam.datasets.labelled_image import LabelledImage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["has_objects", "hold_back"]

#: One of so many images is held back.
_IMAGES = 10
#: Of fewer images than this, the last objects of each are held back, one of so many.
_FEWEST = 4


def hold_back(
    images: Sequence[LabelledImage],
) -> tuple[list[LabelledImage], list[LabelledImage]]:
    """Split images into those to learn from and those to measure on.

    Of four images or more a tenth is held back, those whose names have the lowest
    digests, chosen among the images with objects. Of fewer, the last columns of each
    are, with up to a quarter of its objects; of an object that lies across, the first
    part is learnt from, and none is on both sides.
    """
    if len(images) >= _FEWEST:
        return _whole_images(images)
    parts = [_parts(image) for image in images]
    return [a for a, _ in parts], [b for _, b in parts if b is not None]


def _parts(image: LabelledImage) -> tuple[LabelledImage, LabelledImage | None]:
    """Cut an image where a quarter of its objects lies behind, if it has enough."""
    try:
        labels = image.labels
    except (NapariSamError, OSError):
        return image, None  # the check says what is wrong with it
    found = np.unique(labels[labels > 0])
    if len(found) < _FEWEST:
        return image, None
    starts = sorted(int((labels == i).any(0).argmax()) for i in found)
    at = starts[-(len(found) // _FEWEST)]
    cut = np.intersect1d(labels[:, :at], labels[:, at:])
    whole = np.where(np.isin(labels, cut), 0, labels)
    if not (labels[:, :at].any() and whole[:, at:].any()):
        return image, None
    learnt, held = slice(0, at), slice(at, None)
    return _columns(image, labels, learnt), _columns(image, whole, held)


def _columns(
    image: LabelledImage, labels: NDArray[np.int32], columns: slice
) -> LabelledImage:
    """Return columns of an image, whose pixels are read when they are used."""

    def frames() -> Frames:
        whole = image.frames
        pixels = whole[0][:, columns]
        return Frames(pixels, "yxc"[: pixels.ndim], nodata=whole.nodata)

    here = labels[:, columns]
    return LabelledImage(image.name, image.kind, frames, here, files=image.files)


def has_objects(image: LabelledImage) -> bool:
    """Whether there is anything to learn; what cannot be read is for the check."""
    try:
        return len(image.truth.ids) > 0
    except (NapariSamError, OSError):
        return True


def _whole_images(
    images: Sequence[LabelledImage],
) -> tuple[list[LabelledImage], list[LabelledImage]]:
    digests = [blake2b(p.name.encode()).digest() for p in images]
    ranked = sorted(range(len(images)), key=digests.__getitem__)
    count, held = max(len(images) // _IMAGES, 1), set[int]()
    for i in ranked:
        if len(held) < count and has_objects(images[i]):
            held.add(i)
    learnt = [p for i, p in enumerate(images) if i not in held]
    if held and not any(map(has_objects, learnt)):
        # The only ones are better learnt from than measured on.
        held.remove(next(i for i in ranked if i in held))
        learnt = [p for i, p in enumerate(images) if i not in held]
    return learnt, [images[i] for i in sorted(held)]
