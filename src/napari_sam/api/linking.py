"""Objects that were found frame by frame, linked to tracks in one call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_sam.core.images.frames import Frames
from napari_sam.core.progress import drain
from napari_sam.io import Image, read_image, read_label_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.linking import Linker
    from napari_sam.core.progress import Progress
    from napari_sam.tracking import LinkSettings, Tracks


def link(
    labels: AnyImage,
    *,
    axes: str | None = None,
    axis: str | None = None,
    method: str | Linker = "overlap",
    settings: LinkSettings | None = None,
    image: AnyImage | None = None,
    report: Callable[[Progress], object] | None = None,
) -> Tracks:
    """Link objects that were found frame by frame: which of them are one.

    Parameters
    ----------
    labels
        Label images of all frames: an array, the path of a file, or what `read_image`
        gives. Labels of different frames have nothing to do with each other. Frames
        are read one by one, and stay where they are.
    axes
        One letter of ``t z y x`` per dimension; a file may say them itself.
    axis
        ``t`` or ``z``: the axis to link along. By default ``t`` where there is one.
    method
        ``"overlap"``: by overlap and distance together; ``"trackastra"``, which looks
        at the image and is a package of its own; or an object.
    settings
        How far objects move, how long they are missed, and whether they divide and
        merge; see `LinkSettings`.
    image
        The image of the labels, for methods that look at it.
    report
        Called with the progress after each frame.

    Returns
    -------
    Tracks
        A segment for each object from where it appears until it ends or divides.

    Examples
    --------
    >>> import numpy as np
    >>> import napari_sam as sam
    >>> labels = np.zeros((2, 16, 16), np.uint8)
    >>> labels[0, 2:6, 2:6], labels[1, 3:7, 3:7] = 1, 9
    >>> sam.link(labels, axes="tyx").segments
    (Segment(1, 2 frames, 0 to 1),)
    """
    from napari_sam.tracking import iter_link

    if isinstance(labels, str | Path):
        labels = read_label_image(labels, axes=axes)
    pixels = read_image(image, axes=axes) if isinstance(image, str | Path) else image
    work = iter_link(
        _frames(labels, axes),
        axis=axis,
        method=method,
        settings=settings,
        image=None if pixels is None else _frames(pixels, axes),
    )
    return drain(work, report)


def _frames(image: AnyImage, axes: str | None) -> Frames:
    if isinstance(image, Image):
        return image.frames
    return image if isinstance(image, Frames) else Frames(image, axes)  # type: ignore[arg-type]
