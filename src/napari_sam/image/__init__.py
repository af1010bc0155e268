"""An image that answers prompts: pixels + appearance + model + memory + tiling."""

from napari_sam.image.objects import segment_objects
from napari_sam.image.promptable import PromptableImage, fitted

__all__ = ["PromptableImage", "fitted", "segment_objects"]
