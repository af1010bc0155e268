"""Small things that every torch backend needs: devices, tensors, fingerprints."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_device(wanted: str) -> torch.device:
    """Resolve "auto" to the best device there is, or check the one asked for.

    Raises
    ------
    ModelError
        If there is no such device on this machine.
    """
    if wanted == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as wrong:
        raise ModelError(
            f"device={wanted!r} cannot be used here: {str(wrong).splitlines()[0]} "
            'Give "auto", "cpu", "cuda", "cuda:1" or "mps".'
        ) from wrong
    return device


def as_tensor(array: NDArray[Any]) -> torch.Tensor:
    """View an array as a tensor that is only read, even if the array is read-only.

    torch warns of read-only arrays, as a write to the tensor would go through; we
    never write to one, and a copy of an embedding costs more than a click.
    """
    if not array.flags.writeable:
        array = np.asarray(_Writable(array))
    return torch.from_numpy(array)


class _Writable:
    """The same memory, without the flag."""

    def __init__(self, array: NDArray[Any]) -> None:
        self.owner = array
        face = dict(array.__array_interface__)
        face["data"] = (face["data"][0], False)
        self.__array_interface__ = face


def digest_state(state: dict[str, torch.Tensor]) -> str:
    """Name weights by their content."""
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


def use_threads(count: int) -> None:
    """Let torch compute with so many threads on the CPU, in this process."""
    torch.set_num_threads(count)
