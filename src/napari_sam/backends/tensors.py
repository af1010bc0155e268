"""Tensors of torch: views of arrays, and digests of weights."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from napari_sam.core.embedding import EmbeddingArray


def as_tensor(array: EmbeddingArray) -> torch.Tensor:
    """View an array as a tensor that is only read, even if the array is read-only.

    torch warns of read-only arrays, as a write to the tensor would go through; we
    never write to one, and a copy of an embedding costs more than a click.
    """
    if not array.flags.writeable:
        array = np.asarray(_Writable(array))
    return torch.from_numpy(array)


class _Writable:
    """An array of the same memory, without the read-only flag."""

    def __init__(self, array: EmbeddingArray) -> None:
        self.owner = array
        face = dict(array.__array_interface__)
        face["data"] = (face["data"][0], False)
        self.__array_interface__ = face


def digest_state(state: dict[str, torch.Tensor]) -> str:
    """Return the digest of a state dict: of names, shapes and values."""
    h = blake2b(digest_size=8)
    for name in sorted(state):
        value = state[name].detach().cpu().contiguous()
        h.update(f"{name}{tuple(value.shape)}{value.dtype}".encode())
        h.update(
            value.view(torch.uint8).numpy().data
            if value.ndim
            else bytes(str(value.item()), "ascii")
        )
    return h.hexdigest()
