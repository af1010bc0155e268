"""Annotating without a window: prompts, previews, labels, and undo of everything."""

from napari_sam.session.labels import LabelStore
from napari_sam.session.model_setup import ImageIdentity, ModelSetup
from napari_sam.session.object_table import ObjectInfo
from napari_sam.session.session import AnnotationSession

__all__ = [
    "AnnotationSession",
    "ImageIdentity",
    "LabelStore",
    "ModelSetup",
    "ObjectInfo",
]


def __getattr__(name: str) -> object:
    """Return what an old name means now, with a warning."""
    from napari_sam.session.renamed import renamed_class

    return renamed_class(__name__, name)
