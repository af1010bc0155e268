"""Tests for every backend that finds instances: subclass, make one, inherit them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.backend_spec import supports
from napari_sam.core.embedding import Embedding
from napari_sam.core.protocols import SupportsInstances
from napari_sam.testing.backend_suite import picture

if TYPE_CHECKING:
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.protocols import Backend


class InstanceTests(ABC):
    """Tests of what a backend with the capability ``instances`` promises.

    Examples
    --------
    >>> class TestMyInstances(InstanceTests):
    ...     def make_backend(self):
    ...         return MyBackend()
    """

    @abstractmethod
    def make_backend(self) -> Backend:
        """Return the backend to test."""

    def maps(self, rows: int = 56, cols: int = 72) -> InstanceMaps:
        """Return the maps of a picture of two discs."""
        backend = self.make_backend()
        assert isinstance(backend, SupportsInstances)
        (embedding,) = backend.encode([picture(rows, cols)])
        return backend.instance_maps(embedding)

    def test_the_capability_is_declared(self) -> None:
        """The spec says it, so that it is known without a call."""
        assert supports(self.make_backend(), "instances")

    def test_maps_are_shares(self) -> None:
        """Three float32 maps from 0 to 1."""
        values = self.maps().values
        assert values.dtype == np.float32
        assert values.shape[0] == 3
        assert values.min() >= 0
        assert values.max() <= 1

    def test_maps_span_the_tile(self) -> None:
        """Cells times stride is the tile, up to a cell, for any shape."""
        for shape in ((56, 72), (64, 40)):
            maps = self.maps(*shape)
            sides = zip(maps.values.shape[1:], maps.stride, shape, strict=True)
            assert all(0 <= n * step - side < step + 1e-6 for n, step, side in sides)

    def test_a_stored_embedding_has_the_same_maps(self) -> None:
        """What a store returns, a mapping of arrays, is read as the embedding is."""
        backend = self.make_backend()
        assert isinstance(backend, SupportsInstances)
        (embedding,) = backend.encode([picture()])
        first = backend.instance_maps(embedding)
        stored = dict(Embedding.from_mapping(embedding))
        again = backend.instance_maps(stored)
        np.testing.assert_array_equal(first.values, again.values)
        assert first.stride == again.stride
