"""`Sam2Backend`: SAM 2 and SAM 2.1, on images and on films."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional as F

from napari_sam.backends.devices import find_device
from napari_sam.backends.encoding_backend import precision_for
from napari_sam.backends.sam2.image_backend import SquareBackend
from napari_sam.backends.sam2.memory import Found, ObjectMemory
from napari_sam.backends.sam2.network import Sam2Network
from napari_sam.backends.tensors import as_tensor, digest_state
from napari_sam.core.embedding import Embedding
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.protocols import Recalled
from napari_sam.models.precision import fast_float32

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import Tensor
    from transformers import EdgeTamVideoModel, Sam2VideoModel

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import Memory

#: Objects that are looked for, or remembered, together.
_OBJECTS = 8


class Sam2Backend(SquareBackend):
    """The backend of SAM 2 and SAM 2.1, of any size.

    An image is stretched to the encoder's square, as these models were trained. Its
    embedding is the features at three strides.

    Parameters
    ----------
    model
        With its weights. It is taken over: its precision and device may change.
    name
        For messages and fingerprints.
    device
        Where to compute.
    precision
        Of the encoder: ``float32``, ``bfloat16``, or ``auto`` for bfloat16 where the
        machine is fast at it.
    batch_size
        Tiles encoded at once. By default, one on a CPU, and on a GPU what its free
        memory takes.
    """

    #: Part of every fingerprint: changes when pixels are prepared in another way.
    _preparation = "sam2.1"
    _memory_class: type[ObjectMemory] = ObjectMemory

    def __init__(
        self,
        model: Sam2VideoModel | EdgeTamVideoModel,
        *,
        name: str = "sam2",
        device: str = "auto",
        precision: str = "auto",
        batch_size: int | None = None,
    ) -> None:
        where = find_device(device)
        precision = precision_for(precision, where)
        identity = [digest_state(model.state_dict()), self._preparation]
        model = self._for_inference(model)
        network = Sam2Network(model, where, getattr(torch, precision))
        super().__init__(network, name=name, identity=identity, batch_size=batch_size)
        self._memory = self._memory_class(network)

    def _for_inference(
        self, model: Sam2VideoModel | EdgeTamVideoModel
    ) -> Sam2VideoModel | EdgeTamVideoModel:
        """Return a model that answers the same, faster."""
        return model

    @property
    def _capabilities(self) -> frozenset[str]:
        return frozenset({"video"})

    def memorize(
        self,
        embedding: EmbeddingArrays,
        masks: Sequence[Mask],
        *,
        recalled: Sequence[Recalled] | None = None,
    ) -> list[Memory]:
        """Remember objects of one tile; see `SupportsVideo`.

        Returns
        -------
        list
            For each, float16 ``features`` ``(64, rows, cols)``, and a float32
            ``pointer`` ``(C,)``.
        """
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        found: list[Memory] = []
        with torch.inference_mode(), fast_float32():
            for start in range(0, len(masks), _OBJECTS):
                some = slice(start, start + _OBJECTS)
                squares = self._squares(masks[some], tile.shape)
                if recalled is None:
                    found += self._memory.of_masks(tile.levels, squares)
                else:
                    known = self._found(recalled[some])
                    found += self._memory.of_found(tile.levels, known, squares)
        return found

    def recall(
        self, embedding: EmbeddingArrays, memories: Sequence[Sequence[Memory]]
    ) -> list[Recalled]:
        """Find objects on a tile, each by its memories; see `SupportsVideo`.

        Of those that are not to be seen, all logits are -1024 and the score is 0.

        Raises
        ------
        ModelError
            If one of them has none.
        """
        tile = self._prepared_for(Embedding.from_mapping(embedding))
        found: list[Recalled] = []
        with torch.inference_mode(), fast_float32():
            for start in range(0, len(memories), _OBJECTS):
                some = memories[start : start + _OBJECTS]
                objects = self._memory.find(tile.levels, some)
                found += [self._recalled(one, tile.shape) for one in objects]
        return found

    def _squares(self, masks: Sequence[Mask], shape: tuple[int, int]) -> Tensor:
        """Stretch masks of a tile to the square: ``(N, 1, y, x)`` of 0 to 1."""
        side = (self.working_size, self.working_size)
        window = Region(0, 0, *shape)
        planes = np.stack([m.in_window(window) for m in masks])[:, None]
        x = as_tensor(planes).to(self.device).float()
        if shape != side:
            x = F.interpolate(x, side, mode="bilinear", antialias=True)
        return x

    def _recalled(self, found: Found, shape: tuple[int, int]) -> Recalled:
        logits, score, pointer, presence = (x[0].cpu().numpy() for x in found)
        region, stride = Region(0, 0, *shape), self._stride(shape)
        prediction = Prediction(logits, float(score), region, stride)
        return Recalled(prediction, {"pointer": pointer, "presence": presence[None]})

    def _found(self, recalled: Sequence[Recalled]) -> Found:
        """Return what was recalled as tensors on the device."""
        arrays = (
            [r.prediction.logits for r in recalled],
            [np.float32(r.prediction.score) for r in recalled],
            [r.arrays["pointer"] for r in recalled],
            [r.arrays["presence"][0] for r in recalled],
        )
        return Found(*(as_tensor(np.stack(a)).to(self.device) for a in arrays))
