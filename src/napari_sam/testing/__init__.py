"""A model with no weights, and tests for models and stores that plug in."""

from napari_sam.testing.backend import ThresholdBackend
from napari_sam.testing.backend_suite import BackendTests
from napari_sam.testing.store_suite import StoreTests

__all__ = ["BackendTests", "StoreTests", "ThresholdBackend"]
