"""Everything: masks of all objects of a plane, by instances or by a grid of points."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from napari_sam.automatic.automatic_masks import AutomaticMask, AutomaticMasks
from napari_sam.automatic.instance_finder import InstanceFinder
from napari_sam.automatic.point_grid import iter_grid_masks
from napari_sam.automatic.scaled_maps import ScaledMaps
from napari_sam.automatic.settings import EverythingSettings, InstanceSettings
from napari_sam.core.backend_spec import backend_spec, supports
from napari_sam.core.errors import ModelError
from napari_sam.core.geometry.region import Region
from napari_sam.core.progress import Progress
from napari_sam.core.prompts import Prompts
from napari_sam.core.protocols import SupportsInstances

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from napari_sam.core.mask import Mask
    from napari_sam.image import PromptableImage

#: Objects whose boxes are decoded between two reports of progress.
_GROUP = 16
#: IoU from which two masks are of the same object.
_SAME = 0.5


def iter_everything(
    image: PromptableImage,
    frame: int = 0,
    *,
    settings: EverythingSettings | None = None,
    instances: InstanceSettings | None = None,
    region: Region | None = None,
    within: Mask | None = None,
    maps: ScaledMaps | None = None,
) -> Generator[Progress, None, AutomaticMasks]:
    """Find the masks of all objects of a plane; no threshold is applied yet.

    Closing it stops between two tiles; embeddings computed until then are in the store.

    Parameters
    ----------
    image
        The image, with its model.
    frame
        The plane.
    settings
        By which method.
    instances
        How instances are cut out.
    region
        Only objects that lie in this part of the plane, by their most central pixel.
    within
        Only objects whose most central pixel is in this mask.
    maps
        The instance maps of the plane, of an earlier call for another region: tiles
        that both have a part in are not drawn again. See `plane_maps`.

    Returns
    -------
    AutomaticMasks
        To be filtered by `filter_masks`.

    Raises
    ------
    ModelError
        If instances are asked for, and the model has no instance head.
    """
    settings = settings or EverythingSettings()
    plane = Region(0, 0, *image.frames.plane_shape)
    part = plane if region is None else region.intersection(plane)
    if within is not None:
        part = part.intersection(within.region)
    if uses_instances(image, settings):
        finder = InstanceFinder(
            maps or plane_maps(image, frame),
            plane,
            part,
            instances or InstanceSettings(),
        )
        found = yield from finder.iter_masks()
        if settings.refine:
            found = yield from _iter_refined(image, frame, found)
    else:
        found = yield from iter_grid_masks(image, frame, settings, part)
    if within is not None:
        found = [one for one in found if within.contains(*one.point)]
    # Instances do not overlap, and a grid that is asked for is the paper's.
    by_decoder = settings.refine or not uses_instances(image, settings)
    may_nest = settings.method != "auto" or not by_decoder
    return AutomaticMasks(tuple(found), plane.shape, may_nest)


def uses_instances(image: PromptableImage, settings: EverythingSettings) -> bool:
    """Whether objects are found by the model's instance head, not by a grid.

    Raises
    ------
    ModelError
        If it is asked for, and there is none.
    """
    can = supports(image.backend, "instances")
    if settings.method == "instances" and not can:
        raise ModelError(
            f"{backend_spec(image.backend).name} has no instance head: take "
            "method=grid, or the model pocket."
        )
    return can and settings.method != "grid"


def plane_maps(image: PromptableImage, frame: int) -> ScaledMaps:
    """Return the instance maps of a plane; its tiles are drawn when they are needed.

    The model is one with the capability ``instances``: see `uses_instances`.
    """
    backend = image.backend
    assert isinstance(backend, SupportsInstances)
    return ScaledMaps(image, backend, frame)


def _iter_refined(
    image: PromptableImage, frame: int, found: Sequence[AutomaticMask]
) -> Generator[Progress, None, list[AutomaticMask]]:
    """Decode the box of each mask, and keep whichever has the higher score.

    Its own score stays, by which masks are filtered: the decoder does not doubt that
    there is an object where it is told so.
    """
    refined: list[AutomaticMask] = []
    for start in range(0, len(found), _GROUP):
        some = found[start : start + _GROUP]
        answers = image.segment_many([_prompts_of(one) for one in some], frame)
        for one, answer in zip(some, answers, strict=True):
            mask = answer.to_mask()
            better = answer.score > one.score and mask.iou(one.mask) >= _SAME
            refined.append(replace(one, mask=mask) if better else one)
        yield Progress(len(refined), len(found), "refining masks")
    return refined


def _prompts_of(one: AutomaticMask) -> Prompts:
    box = one.mask.region
    return Prompts.rectangle(box.top, box.left, box.bottom, box.right).point(*one.point)
