"""Propagators by name: methods that propagate objects from frame to frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.backend_spec import supports
from napari_sam.core.errors import ModelError, SettingError

if TYPE_CHECKING:
    from napari_sam.core.propagation import Propagator
    from napari_sam.image import PromptableImage
    from napari_sam.tracking.settings import PropagateSettings


def propagator(
    method: str | Propagator, image: PromptableImage, settings: PropagateSettings
) -> Propagator:
    """Return a method by its name; one that is given as it is.

    ``auto`` is ``memory`` for a video model, and ``prompt`` for others.

    Raises
    ------
    SettingError
        If there is no method of that name.
    ModelError
        If the model cannot do it.
    """
    if not isinstance(method, str):
        return method
    able = supports(image.backend, "video")
    if method == "auto":
        method = "memory" if able else "prompt"
    if method == "prompt":
        from napari_sam.tracking.prompt_method import PromptMethod

        return PromptMethod(image, settings)
    if method == "memory":
        from napari_sam.core.protocols import SupportsVideo
        from napari_sam.tracking.memory_method import MemoryMethod

        backend = image.backend
        if not (able and isinstance(backend, SupportsVideo)):
            raise ModelError(
                "This model has no memory of earlier frames: use method='prompt', or a "
                "video model."
            )
        return MemoryMethod(image, backend, settings)
    raise SettingError(f"method={method!r}: expected 'auto', 'prompt' or 'memory'.")
