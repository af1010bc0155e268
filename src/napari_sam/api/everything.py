"""All objects of an image in one call, without prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from napari_sam.api.promptable import to_promptable
from napari_sam.core.progress import drain
from napari_sam.jobs.painting import paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.automatic import AutomaticSettings
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs.painting import LabelArray
    from napari_sam.jobs.segment_jobs import MaskResult


def segment_everything(
    image: AnyImage,
    *,
    axes: str | None = None,
    model: str | Backend | None = None,
    method: Literal["auto", "instances", "grid"] | None = None,
    settings: AutomaticSettings | None = None,
    frames: Sequence[int] | None = None,
    region: Region | None = None,
    appearance: Appearance | None = None,
    tiling: Tiling | None = None,
    out: LabelArray | None = None,
) -> LabelArray:
    """Return labels of all objects of an image, without prompts.

    Planes of a stack are segmented one by one; every object of every plane has a number
    of its own.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    axes, model, appearance, tiling
        As in `segment`.
    method
        ``"instances"`` by the model's instance head, ``"grid"`` as the paper's
        generator, ``"auto"`` whichever the model is better at. It goes before that of
        the settings.
    settings
        How objects are found, and which stay.
    frames
        Only these planes.
    region
        Only objects whose most central pixel lies in this part of a plane.
    out
        Labels to paint on, such as a zarr array. By default, a new array in memory.

    Returns
    -------
    Labels
        uint32 ``(*planes, y, x)``; 0 is background.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> labels = sam.segment_everything(coins())  # doctest: +SKIP
    >>> labels.max()  # doctest: +SKIP
    """
    from napari_sam.automatic import AutomaticSettings, iter_everything
    from napari_sam.automatic.filtering import filter_masks
    from napari_sam.automatic.numbering import number_masks
    from napari_sam.jobs.segment_jobs import MaskResult

    settings = settings or AutomaticSettings()
    find = replace(settings.find, method=method or settings.find.method)
    promptable = to_promptable(image, axes, model, appearance=appearance, tiling=tiling)
    chosen = range(len(promptable.frames)) if frames is None else frames
    masks: dict[Address, MaskResult] = {}
    for frame in chosen:
        work = iter_everything(
            promptable,
            frame,
            settings=find,
            instances=settings.instances,
            region=region,
        )
        stay = filter_masks(drain(work), settings.filters)
        numbered = number_masks(stay, frame=frame, first=len(masks) + 1)
        masks.update(
            (at, MaskResult(at, one.mask, one.score, complete=True))
            for at, one in numbered.items()
        )
    labels: LabelArray = paint(masks, promptable.frames, out=out)
    return labels
