"""All objects of an image in one call, without prompts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from napari_sam.api.promptable import to_image, to_promptable
from napari_sam.core.progress import drain
from napari_sam.jobs.everything_jobs import numbered_planes
from napari_sam.jobs.image_spec import ONE_BY_ONE, job_store
from napari_sam.jobs.painting import paint
from napari_sam.jobs.physical_sizes import automatic_in_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.api.promptable import AnyImage
    from napari_sam.automatic import AutomaticMasks, AutomaticSettings
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.protocols import Backend
    from napari_sam.image import PromptableImage
    from napari_sam.jobs.painting import PaintableLabels


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
    out: PaintableLabels | None = None,
) -> PaintableLabels:
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
        How objects are found, and which stay. Sizes with a unit need an image that
        says how large its pixels are.
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

    Raises
    ------
    ImageError
        If sizes have a unit, and the size of pixels is not known in it.

    Examples
    --------
    >>> import napari_sam as sam
    >>> from skimage.data import coins
    >>> labels = sam.segment_everything(coins())  # doctest: +SKIP
    >>> labels.max()  # doctest: +SKIP
    """
    from napari_sam.automatic import AutomaticSettings

    opened = to_image(image, axes)
    settings = automatic_in_pixels(settings or AutomaticSettings(), opened)
    find = replace(settings.find, method=method or settings.find.method)
    promptable = to_promptable(
        opened,
        axes,
        model,
        appearance=appearance,
        tiling=tiling,
        store=None if find.refine else job_store(None, ONE_BY_ONE),
    )
    planes = _masks(promptable, replace(settings, find=find), frames, region)
    pixels = promptable.frames
    del promptable  # its embeddings would be in memory beside the labels
    labels: PaintableLabels = paint(numbered_planes(planes), pixels, out=out)
    return labels


def _masks(
    image: PromptableImage,
    settings: AutomaticSettings,
    frames: Sequence[int] | None,
    region: Region | None,
) -> dict[int, AutomaticMasks]:
    """Return the masks that stay, by their plane."""
    from napari_sam.automatic import filter_masks, iter_everything

    planes: dict[int, AutomaticMasks] = {}
    for frame in range(len(image.frames)) if frames is None else frames:
        work = iter_everything(
            image,
            frame,
            settings=settings.find,
            instances=settings.instances,
            region=region,
        )
        planes[frame] = filter_masks(drain(work), settings.filters)
    return planes
