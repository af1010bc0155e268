"""The labels of any stack, where each object lies in them, and what changed."""

from napari_sam.session.labels.footprints import Footprint, Footprints
from napari_sam.session.labels.label_store import LabelStore

__all__ = ["Footprint", "Footprints", "LabelStore"]
