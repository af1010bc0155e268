"""A backend that sees every tile enlarged: for objects that are small to the model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.backend_spec import BackendSpec, backend_spec
from napari_sam.core.errors import ModelError
from napari_sam.core.geometry.region import Region
from napari_sam.core.geometry.resampling import upsample
from napari_sam.core.prompts.prompts_in_tiles import enlarged
from napari_sam.core.protocols import SupportsInstances

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend


class MagnifiedBackend:
    """A backend whose tiles are enlarged before they are encoded.

    Prompts and masks are in pixels of the tile as it was, so that to everybody else it
    is a backend like any other.

    Parameters
    ----------
    backend
        The model.
    by
        Factor by which tiles are enlarged.
    """

    def __init__(self, backend: Backend, by: float) -> None:
        self.backend, self.by = backend, by

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would return other embeddings."""
        return f"{self.backend.fingerprint}-x{self.by:g}"

    @property
    def working_size(self) -> int:
        """Side of the square that the image encoder takes, in pixels of the tile."""
        return int(self.backend.working_size / self.by)

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model; nothing is enlarged once more."""
        return replace(backend_spec(self.backend), magnification=1)

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> Sequence[EmbeddingArrays]:
        """Embed tiles ``(y, x, 3)``, enlarged."""
        return self.backend.encode([_enlarged_plane(p, self.by) for p in planes])

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode the best mask of each prompt, in pixels of the tile as it was.

        Raises
        ------
        ModelError
            If tiles are not enlarged by a whole number.
        """
        by = int(self.by)
        if by != self.by:
            raise ModelError(
                f"Prompts for tiles enlarged {self.by:g} times: masks are decoded of "
                "whole factors only."
            )
        given = [enlarged(p, by) for p in prompts]
        return [_reduced(p, self.by) for p in self.backend.decode(embedding, given)]

    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return the maps of all objects, in pixels of the tile as it was.

        Raises
        ------
        ModelError
            If the model has no instance head.
        """
        if not isinstance(self.backend, SupportsInstances):
            name = backend_spec(self.backend).name
            raise ModelError(f"{name} has no instance head: take the model pocket.")
        found = self.backend.instance_maps(embedding)
        rows, cols = found.stride
        return replace(found, stride=(rows / self.by, cols / self.by))


def _enlarged_plane(plane: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    """Enlarge ``(y, x, c)`` bilinearly."""
    rows, cols = (max(1, round(n * by)) for n in plane.shape[:2])
    window = slice(0, rows), slice(0, cols)
    channels = [
        upsample(plane[..., c].astype(np.float32), window, (by, by))
        for c in range(plane.shape[2])
    ]
    return np.rint(np.stack(channels, -1)).astype(np.uint8)


def _reduced(found: Prediction, by: float) -> Prediction:
    rows, cols = found.tile.shape
    return replace(
        found,
        tile=Region(0, 0, round(rows / by), round(cols / by)),
        stride=(found.stride[0] / by, found.stride[1] / by),
        alternatives=tuple(_reduced(other, by) for other in found.alternatives),
    )
