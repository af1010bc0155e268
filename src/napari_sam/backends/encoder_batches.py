"""Batches of the image encoder: their size, and smaller ones as memory runs out."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from torch import Tensor

logger = logging.getLogger(__name__)

_Made = TypeVar("_Made")
#: More at once than this fill no device better.
_MAX_TILES = 8
#: Part of the free memory that a batch may take: others use the device, too.
_SHARE = 0.5


def tiles_per_batch(device: torch.device, nbytes: int) -> int:
    """Return how many tiles a device takes, if encoding one takes so many bytes.

    A CPU takes one. It is no faster with more, and its libraries choose other orders
    of summation for other batches, so that the last bits would depend on the batch.
    """
    free = _free(device)
    return max(1, min(_MAX_TILES, int(_SHARE * free / nbytes)))


class Batches:
    """Batches of equal images for an encoder.

    Parameters
    ----------
    size
        Images at once, at most. It is halved whenever memory runs out.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def run(
        self,
        images: Sequence[Tensor],
        encode: Callable[[Tensor], Iterable[_Made]],
    ) -> list[_Made]:
        """Encode images ``(C, y, x)``, those of one shape and type in one call.

        Parameters
        ----------
        images
            In any order of shapes.
        encode
            Given a stack of images, returns something for each.

        Returns
        -------
        list
            What was returned for each image, in the order of `images`.
        """
        alike: dict[tuple[torch.Size, torch.dtype], list[int]] = {}
        for i, image in enumerate(images):
            alike.setdefault((image.shape, image.dtype), []).append(i)
        made: dict[int, _Made] = {}
        for waiting in alike.values():
            while waiting:
                some = waiting[: self.size]
                found = self._try_encode(torch.stack([images[i] for i in some]), encode)
                if found is not None:
                    made.update(zip(some, found, strict=True))
                    del waiting[: len(some)]
        return [made[i] for i in range(len(images))]

    def _try_encode(
        self, stack: Tensor, encode: Callable[[Tensor], Iterable[_Made]]
    ) -> list[_Made] | None:
        """Encode a stack; None if memory ran out and a smaller stack may fit.

        Outside of the except clause nothing of the failed attempt is alive any more.
        """
        try:
            return list(encode(stack))
        except RuntimeError as wrong:
            if len(stack) == 1 or not _is_out_of_memory(wrong):
                raise
        self.size = len(stack) // 2
        logger.info("Memory ran out; now %d tiles at once", self.size)
        if stack.device.type == "cuda":
            torch.cuda.empty_cache()
        return None


def _free(device: torch.device) -> float:
    """Bytes that a GPU has left; none where that is no matter."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        most = torch.mps.recommended_max_memory()
        return float(most - torch.mps.driver_allocated_memory())
    return 0.0


def _is_out_of_memory(wrong: RuntimeError) -> bool:
    """Whether an error is lack of memory: that of CUDA has a type of its own."""
    return isinstance(wrong, torch.OutOfMemoryError) or "out of memory" in str(wrong)
