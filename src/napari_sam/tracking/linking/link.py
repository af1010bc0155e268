"""Linking over label images, from frames to `Tracks`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import AxesError
from napari_sam.tracking.linking.linked_tracks import tracks_of_links
from napari_sam.tracking.linking.linkers import linker

if TYPE_CHECKING:
    from collections.abc import Generator

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.linking import Linker
    from napari_sam.core.progress import Progress
    from napari_sam.tracking.linking.settings import LinkSettings
    from napari_sam.tracking.tracks import Tracks


def iter_link(
    labels: Frames,
    *,
    axis: str | None = None,
    method: str | Linker = "overlap",
    settings: LinkSettings | None = None,
    image: Frames | None = None,
) -> Generator[Progress, None, Tracks]:
    """Link objects that were found frame by frame.

    Parameters
    ----------
    labels
        Label images ``(t, y, x)``, ``(z, y, x)`` or ``(t, z, y, x)``; read one time
        after another. They stay where they are: tracks only say what is whose.
    axis
        ``t`` or ``z``: the axis to link along; by default ``t`` where there is one.
        What lies along the other one is a single object, a volume.
    method
        ``"overlap"``, ``"trackastra"``, the name of an entry point of
        `napari_sam.linkers`, or a `Linker`.
    settings
        Limits of what is one object; see `LinkSettings`.
    image
        The image of the labels, for methods that look at it.

    Yields
    ------
    Progress
        After each time.

    Returns
    -------
    Tracks
        A segment for each object between where it appears, divides, merges or ends.

    Raises
    ------
    AxesError
        If there is no such axis, the labels have channels, or the image is of another
        size.
    SettingError
        If there is no method of that name.
    """
    along = _axis(labels, axis)
    if image is not None:
        _check_image(labels, image)
    worker = linker(method, settings)
    links = yield from worker.link(labels, along, image=image)
    return tracks_of_links(labels, links, axis=along)


def _axis(labels: Frames, axis: str | None) -> str:
    known = [a for a in "tz" if a in labels.sizes]
    found = axis or next(iter(known), None)
    if found is None or found not in known or labels.n_channels is not None:
        raise AxesError(
            f"axis={axis!r}: objects are linked along t or z, and the axes of the "
            f"labels are {labels.axes!r}. Name them, e.g. axes='tyx'."
        )
    return found


def _check_image(labels: Frames, image: Frames) -> None:
    if (image.sizes, image.plane_shape) != (labels.sizes, labels.plane_shape):
        raise AxesError(
            f"The image is {image!r}, and its labels are {labels!r}: expected the same "
            "frames, rows and columns."
        )
