"""Linking: the protocol of methods that find which objects of frames are one."""

from napari_sam.core.linking.linker import Detection, Link, Linker

__all__ = ["Detection", "Link", "Linker"]
