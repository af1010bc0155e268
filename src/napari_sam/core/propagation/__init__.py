"""Propagation: the protocol of methods that find objects on further frames."""

from napari_sam.core.propagation.lineage import Edge
from napari_sam.core.propagation.object_state import ObjectState, State
from napari_sam.core.propagation.propagator import (
    LearningPropagator,
    PropagatedObject,
    Propagator,
)

__all__ = [
    "Edge",
    "LearningPropagator",
    "ObjectState",
    "PropagatedObject",
    "Propagator",
    "State",
]
