"""Finding objects in parts of planes: a task, and the worker that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.automatic.descriptors import Descriptors
from napari_sam.automatic.everything import (
    iter_everything,
    plane_maps,
    uses_instances,
)
from napari_sam.automatic.similar import Candidates, iter_candidates
from napari_sam.core.progress import drain
from napari_sam.jobs.image_spec import OpenImages

if TYPE_CHECKING:
    from napari_sam.automatic.scaled_maps import ScaledMaps
    from napari_sam.automatic.settings import AutomaticSettings
    from napari_sam.core.geometry.region import Region
    from napari_sam.image import PromptableImage
    from napari_sam.jobs.image_spec import ImageSpec


@dataclass(frozen=True, slots=True)
class EverythingTask:
    """A task: one part of one plane."""

    image: ImageSpec
    frame: int
    region: Region
    settings: AutomaticSettings
    describes: bool = False


class EverythingWorker:
    """Finds objects in the process of a worker, which holds the images it opened.

    It also holds the maps of the plane that it is at: neighbouring parts share tiles.
    """

    def __init__(self) -> None:
        self._images = OpenImages()
        self._maps: tuple[PromptableImage, int, ScaledMaps] | None = None

    def __call__(self, task: EverythingTask) -> Candidates:
        """Return the masks of a task, before they are filtered."""
        image = self._images.open(task.image)
        find, cut = task.settings.find, task.settings.instances
        maps = self._maps_of(image, task.frame) if uses_instances(image, find) else None
        if task.describes:
            work = iter_candidates(
                image, task.frame, settings=find, instances=cut, region=task.region,
                maps=maps,
            )  # fmt: skip
            return drain(work)
        masks = iter_everything(
            image, task.frame, settings=find, instances=cut, region=task.region,
            maps=maps,
        )  # fmt: skip
        return Candidates(drain(masks), Descriptors.joined([]))

    def _maps_of(self, image: PromptableImage, frame: int) -> ScaledMaps:
        if self._maps is None or self._maps[0] is not image or self._maps[1] != frame:
            self._maps = image, frame, plane_maps(image, frame)
        return self._maps[2]
