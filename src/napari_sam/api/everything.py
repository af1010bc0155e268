"""All objects of an image in one call, without prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from napari_sam.api.promptable import to_promptable
from napari_sam.core.progress import drain
from napari_sam.jobs.everything_jobs import numbered_planes
from napari_sam.jobs.image_spec import job_store
from napari_sam.jobs.painting import paint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.automatic import AutomaticMasks, AutomaticSettings
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.protocols import Backend
    from napari_sam.jobs.painting import LabelArray


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
    from napari_sam.automatic import AutomaticSettings, filter_masks, iter_everything

    settings = settings or AutomaticSettings()
    find = replace(settings.find, method=method or settings.find.method)
    promptable = to_promptable(
        image,
        axes,
        model,
        appearance=appearance,
        tiling=tiling,
        store=job_store(None),
    )
    chosen = range(len(promptable.frames)) if frames is None else frames
    planes: dict[int, AutomaticMasks] = {}
    for frame in chosen:
        work = iter_everything(
            promptable,
            frame,
            settings=find,
            instances=settings.instances,
            region=region,
        )
        planes[frame] = filter_masks(drain(work), settings.filters)
    labels: LabelArray = paint(numbered_planes(planes), promptable.frames, out=out)
    return labels
