"""Looking at every image and all its objects before a long run depends on them."""

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
    """What a data set holds.

    Attributes
    ----------
    images
        How many planes.
    objects
        How many objects in all of them.
    empty
        How many planes without any.
    """

    images: int
    objects: int
    empty: int


def check_labelled_images(
    pairs: Sequence[LabelledImage], *, most: int = 10
) -> Contents:
    """Read everything once; see `iter_check_labelled_images`."""
    return drain(iter_check_labelled_images(pairs, most=most))


def iter_check_labelled_images(
    pairs: Sequence[LabelledImage], *, most: int = 10
) -> Generator[Progress, None, Contents]:
    """Read every image and its truth, and complain about all of them at once.

    Parameters
    ----------
    pairs
        As `read_labelled_images` finds them.
    most
        How many complaints the message has room for.

    Yields
    ------
    Progress
        After each image.

    Returns
    -------
    Contents
        What was counted.

    Raises
    ------
    ImageError
        If some cannot be used, or there is no object in any.
    """
    wrong: dict[str, None] = {}  # each once, in order
    bad, counts = 0, []
    for done, pair in enumerate(pairs, start=1):
        try:
            counts.append(_objects(pair))
        except NapariSamError as complaint:
            wrong[str(complaint)] = None
            bad += 1
        yield Progress(done, len(pairs), pair.name)
    if wrong:
        raise ImageError(_together(list(wrong), bad, len(pairs), most))
    if not any(counts):
        kinds = ", ".join(sorted({p.kind for p in pairs}))
        raise ImageError(f"{kinds}: there is no object in any of {len(pairs)} images.")
    return Contents(len(counts), sum(counts), counts.count(0))


def _objects(pair: LabelledImage) -> int:
    check_finite(pair.frames[0], pair.files[0])
    return len(pair.truth.ids)


def _together(wrong: list[str], bad: int, images: int, most: int) -> str:
    if len(wrong) == 1:
        return wrong[0]
    lines = [f"{bad} of {images} images cannot be used:", *wrong[:most]]
    if len(wrong) > most:
        lines.append(f"and {len(wrong) - most} more complaints")
    return "\n- ".join(lines)
