"""Promptable images of whatever a script has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_sam.api.models import load_backend
from napari_sam.image import PromptableImage
from napari_sam.io import Image, read_image

if TYPE_CHECKING:
    from napari_sam.core.protocols import Backend


def to_promptable(
    image: Any, axes: str | None, model: str | Backend | None, **options: Any
) -> PromptableImage:
    """Return an array, a file or an image of `read_image` with its model."""
    if isinstance(image, str | Path):
        image = read_image(image, axes=axes)
    if isinstance(image, Image):
        image = image.frames
    if model is None or isinstance(model, str):
        model = load_backend(model)
    return PromptableImage(image, model, axes=axes, **options)
