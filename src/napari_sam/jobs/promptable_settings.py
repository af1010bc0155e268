"""Settings of a job that open image files as promptable images."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from napari_sam.image import PromptableImage
from napari_sam.image.settings import AppearanceSettings, TilingSettings
from napari_sam.io.settings import ReadSettings
from napari_sam.jobs.image_spec import ImageSpec, job_store

if TYPE_CHECKING:
    from pathlib import Path

    from napari_sam.core.protocols import Backend
    from napari_sam.io import Image
    from napari_sam.jobs.image_spec import ModelSpec


@dataclass(frozen=True, slots=True)
class PromptableSettings:
    """Settings that make an image file a promptable image.

    Attributes
    ----------
    read, appearance, tiling
        How the file is read, shown to the model and cut into tiles.
    connected
        Whether masks of clicks have only the parts that they hit.
    store
        Folder or URL of the store of embeddings.
    """

    read: ReadSettings = field(default_factory=ReadSettings)
    appearance: AppearanceSettings = field(default_factory=AppearanceSettings)
    tiling: TilingSettings = field(default_factory=TilingSettings)
    connected: bool = True
    store: str | None = None

    def open(self, image: Image, backend: Backend) -> PromptableImage:
        """Return the image with a model, as a promptable one."""
        return PromptableImage(
            image.frames,
            backend,
            appearance=self.appearance.fit(image.frames, backend, image.channel_names),
            store=job_store(self.store or None),
            tiling=self.tiling.tiling,
            connected=self.connected,
        )

    def spec(
        self, image: PromptableImage, path: str | Path, model: ModelSpec
    ) -> ImageSpec:
        """Name an image that is open here, so that a worker can open it."""
        return ImageSpec.of(
            image,
            str(path),
            model,
            axes=self.read.axes,
            part=self.read.part,
            store=self.store or None,
        )

    def of_folder(self, path: Path) -> PromptableSettings:
        """Return the settings of an image of a folder: a store has one image."""
        if not self.store:
            return self
        return replace(self, store=f"{self.store.rstrip('/')}/{path.name}.zarr")
