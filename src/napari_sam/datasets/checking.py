"""Checking every image of a data set and its ground truth before a long run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.core.errors import ImageError, NapariSamError
from napari_sam.core.progress import Progress, drain
from napari_sam.datasets.image_sources import check_finite

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.datasets.labelled_image import LabelledImage

__all__ = ["Contents", "check_labelled_images", "iter_check_labelled_images"]


@dataclass(frozen=True, slots=True)
class Contents:
    """Numbers of images and objects of a data set.

    Attributes
    ----------
    images
        Number of planes.
    objects
        Number of objects in all of them.
    empty
        Number of planes without objects.
    """

    images: int
    objects: int
    empty: int


def check_labelled_images(
    images: Sequence[LabelledImage], *, most: int = 10
) -> Contents:
    """Check all images once; see `iter_check_labelled_images`."""
    return drain(iter_check_labelled_images(images, most=most))


def iter_check_labelled_images(
    images: Sequence[LabelledImage], *, most: int = 10
) -> Generator[Progress, None, Contents]:
    """Read every image and its ground truth, and report all errors at once.

    Parameters
    ----------
    images
        Images of a data set, as `read_labelled_images` returns them.
    most
        Number of errors in the message, at most.

    Yields
    ------
    Progress
        After each image.

    Returns
    -------
    Contents
        Numbers of images and objects.

    Raises
    ------
    ImageError
        If some images cannot be used, or none has an object.
    """
    errors: dict[str, None] = {}  # each once, in order
    unusable, counts = 0, []
    for done, image in enumerate(images, start=1):
        try:
            counts.append(_count_objects(image))
        except NapariSamError as error:
            errors[str(error)] = None
            unusable += 1
        yield Progress(done, len(images), image.name)
    if errors:
        raise ImageError(all_errors(list(errors), unusable, len(images), most))
    if not any(counts):
        kinds = ", ".join(sorted({p.kind for p in images}))
        raise ImageError(f"{kinds}: there is no object in any of {len(images)} images.")
    return Contents(len(counts), sum(counts), counts.count(0))


def _count_objects(image: LabelledImage) -> int:
    check_finite(image.frames[0], image.files[0])
    return len(image.truth.ids)


def all_errors(errors: list[str], unusable: int, images: int, most: int = 10) -> str:
    """Return the first errors of a data set in one message."""
    if len(errors) == 1:
        return errors[0]
    lines = [f"{unusable} of {images} images cannot be used:", *errors[:most]]
    if len(errors) > most:
        lines.append(f"and {len(errors) - most} more errors")
    return "\n- ".join(lines)
