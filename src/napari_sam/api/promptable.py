"""Promptable images of whatever a script has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from napari_sam.api.models import load_backend
from napari_sam.core.images.frames import Frames
from napari_sam.image import PromptableImage
from napari_sam.io import Image, read_image
from napari_sam.jobs.image_spec import job_store

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.images.pixels import PixelSource
    from napari_sam.core.protocols import Backend, EmbeddingStore

#: What a script may have as an image: pixels, a path, or what `read_image` gives.
AnyImage: TypeAlias = "ArrayLike | PixelSource | Frames | Image | str | Path"


def to_image(image: AnyImage, axes: str | None) -> Image:
    """Return an array, a file or an image of `read_image` as the last of these."""
    if isinstance(image, str | Path):
        return read_image(image, axes=axes)
    if isinstance(image, Image):
        return image
    frames = image if isinstance(image, Frames) else Frames(image, axes)
    return Image(
        data=frames.data, axes=frames.axes, levels=frames.levels, nodata=frames.nodata
    )


def to_promptable(
    image: AnyImage,
    axes: str | None,
    model: str | Backend | None,
    *,
    appearance: Appearance | None = None,
    store: EmbeddingStore | None = None,
    tiling: Tiling | None = None,
    connected: bool = True,
) -> PromptableImage:
    """Return an array, a file or an image of `read_image` with its model.

    By default, embeddings of the latest tiles are in memory: it is for one job.
    """
    if isinstance(image, str | Path):
        image = read_image(image, axes=axes)
    return PromptableImage(
        image.frames if isinstance(image, Image) else image,
        load_backend(model) if model is None or isinstance(model, str) else model,
        axes=axes,
        appearance=appearance,
        store=job_store(None) if store is None else store,
        tiling=tiling,
        connected=connected,
    )
