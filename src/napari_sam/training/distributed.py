"""One training run in several processes, each with its device (torch.distributed)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import torch
import torch.distributed as dist

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from torch import Tensor, nn

__all__ = [
    "ProcessRank",
    "all_reduce_gradients",
    "all_reduce_sum",
    "process_group",
    "process_rank",
]


class ProcessRank(NamedTuple):
    """The rank of this process, and the number of processes of the run."""

    rank: int
    world_size: int

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and reports."""
        return self.rank == 0


def process_rank() -> ProcessRank:
    """Return the rank of this process in the run; a single process has rank 0 of 1."""
    if not (dist.is_available() and dist.is_initialized()):
        return ProcessRank(0, 1)
    return ProcessRank(dist.get_rank(), dist.get_world_size())


@contextmanager
def process_group(device: torch.device) -> Iterator[ProcessRank]:
    """Join the process group that ``torchrun`` started, if it did.

    It is known by the environment variables ``RANK`` and ``WORLD_SIZE``.
    """
    if "RANK" not in os.environ or int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield process_rank()
        return
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield process_rank()
    finally:
        dist.destroy_process_group()


def own_device(device: torch.device) -> torch.device:
    """Return the device of this process: each process of a run has its own GPU."""
    if device.type == "cuda" and device.index is None and "LOCAL_RANK" in os.environ:
        return torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    return device


def all_reduce_sum(value: Tensor) -> Tensor:
    """Sum a tensor over the processes."""
    if process_rank().world_size > 1:
        dist.all_reduce(value)
    return value


@torch.no_grad()
def all_reduce_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Sum gradients over the processes; a parameter without one counts as zero."""
    if process_rank().world_size < 2:
        return
    trained = [p for p in parameters if p.requires_grad]
    for p in trained:
        if p.grad is None:
            p.grad = torch.zeros_like(p)
    grads = [p.grad for p in trained if p.grad is not None]
    flat = all_reduce_sum(torch.cat([g.flatten() for g in grads]))
    parts = flat.split([g.numel() for g in grads])
    for grad, part in zip(grads, parts, strict=True):
        grad.copy_(part.view_as(grad))
