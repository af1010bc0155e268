"""Linking: what decides which objects of successive frames are one plugs in here."""

from napari_sam.core.linking.linker import Detection, Link, Linker

__all__ = ["Detection", "Link", "Linker"]
