"""Annotating without a window: prompts, previews, labels, and undo of everything."""

from napari_sam.session.session import AnnotationSession
from napari_sam.session.setup import ImageIdentity, Setup
from napari_sam.session.values import ObjectInfo, Question

__all__ = ["AnnotationSession", "ImageIdentity", "ObjectInfo", "Question", "Setup"]
