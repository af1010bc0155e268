"""Models with no weights, and tests for models, stores, propagators and linkers."""

from napari_sam.testing.backend_suite import BackendTests
from napari_sam.testing.colour_concepts import ColourConcepts, ColourMatching
from napari_sam.testing.concept_suite import ConceptTests
from napari_sam.testing.instance_suite import InstanceTests
from napari_sam.testing.linker_suite import LinkerTests
from napari_sam.testing.propagator_suite import PropagatorTests
from napari_sam.testing.store_suite import StoreTests
from napari_sam.testing.threshold_backend import (
    InstanceThresholdBackend,
    ThresholdBackend,
)
from napari_sam.testing.video_threshold_backend import VideoThresholdBackend

__all__ = [
    "BackendTests",
    "ColourConcepts",
    "ColourMatching",
    "ConceptTests",
    "InstanceTests",
    "InstanceThresholdBackend",
    "LinkerTests",
    "PropagatorTests",
    "StoreTests",
    "ThresholdBackend",
    "VideoThresholdBackend",
]
