"""Propagation: what carries objects from frame to frame plugs in here."""

from napari_sam.core.propagation.propagator import CarriedObject, Propagator

__all__ = ["CarriedObject", "Propagator"]
