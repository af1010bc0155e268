"""`EncodingBackend`: what this package's own models share but for their networks."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import torch

from napari_sam.backends.encoder_batches import Batches, tiles_per_batch
from napari_sam.backends.refining_decoder import GROUP, Prepared, RefiningDecoder
from napari_sam.core.embedding import Embedding
from napari_sam.models.precision import prefers_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    from napari_sam.core.embedding import EmbeddingArray


class EncodingBackend(RefiningDecoder[Prepared]):
    """A backend with a network that encodes tiles in batches.

    Parameters
    ----------
    name
        For messages and fingerprints.
    device
        Where to compute.
    precision
        Of the encoder: ``float32`` or ``bfloat16``.
    identity
        What else embeddings depend on: a digest of the weights, and how pixels are
        prepared.
    """

    def __init__(
        self, name: str, device: torch.device, precision: str, *, identity: list[str]
    ) -> None:
        super().__init__()
        self.name, self.device, self.precision = name, device, precision
        digest, prepared = identity
        self._fingerprint = f"{name}-{digest}-{precision}-{prepared}"
        self._batches = Batches(1)
        # A CPU is no faster with more, and other sizes give other last bits.
        self._group = 1 if device.type == "cpu" else GROUP

    @property
    def batch_size(self) -> int:
        """Tiles encoded at once; fewer, once memory ran out."""
        return self._batches.size

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would return other embeddings."""
        return self._fingerprint

    def _set_batches(self, size: int | None, nbytes: int) -> None:
        """Encode so many tiles at once, or what the device takes at `nbytes` a tile."""
        self._batches = Batches(size or tiles_per_batch(self.device, nbytes))

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``, in order."""
        with torch.inference_mode():
            images = [self._working_image(plane) for plane in planes]
            made = self._batches.run(images, self._encode)
        return [
            Embedding(found, (plane.shape[0], plane.shape[1]))
            for found, plane in zip(made, planes, strict=True)
        ]

    @abstractmethod
    def _working_image(self, plane: NDArray[np.uint8]) -> Tensor:
        """Return a tile as the encoder takes it, ``(3, rows, cols)`` on the device."""

    @abstractmethod
    def _encode(self, stack: Tensor) -> Iterable[Mapping[str, EmbeddingArray]]:
        """Return the arrays of each working image of a stack ``(N, 3, y, x)``."""


def precision_for(precision: str, device: torch.device) -> str:
    """Resolve the precision ``auto``: bfloat16 where that is fast, else float32."""
    if precision != "auto":
        return precision
    return "bfloat16" if prefers_bfloat16(device) else "float32"
