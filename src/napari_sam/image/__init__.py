"""Promptable images: pixels + appearance + model + store + tiling."""

from napari_sam.image.fitting import fit_appearance
from napari_sam.image.promptable import PromptableImage
from napari_sam.image.segment_objects import segment_objects

__all__ = ["PromptableImage", "fit_appearance", "segment_objects"]
