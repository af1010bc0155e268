"""Devices that torch finds on this machine, and its threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict


def describe() -> JsonDict:
    """Devices, threads and instruction set, as plain JSON types."""
    mps = torch.backends.mps.is_available()
    gpus = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return {
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "cuda": [torch.cuda.get_device_name(i) for i in range(gpus)],
        "mps": mps,
    }


def find_device(name: str) -> torch.device:
    """Resolve "auto" to the best device there is, or check the one given.

    Raises
    ------
    ModelError
        If there is no such device on this machine.
    """
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        if torch.backends.mps.is_available():
            return torch.device("mps")
        return torch.device("cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as wrong:
        raise ModelError(
            f"device={name!r} cannot be used here: {str(wrong).splitlines()[0]} "
            'Give "auto", "cpu", "cuda", "cuda:1" or "mps".'
        ) from wrong
    return device


def use_threads(count: int) -> None:
    """Let torch compute with so many threads on the CPU, in this process."""
    torch.set_num_threads(count)
