"""A model with no weights, and tests for models and stores that plug in."""

from napari_sam.testing.backend_suite import BackendTests
from napari_sam.testing.store_suite import StoreTests
from napari_sam.testing.threshold_backend import ThresholdBackend

__all__ = ["BackendTests", "StoreTests", "ThresholdBackend"]
