"""Quantized features: an embedding of a byte for each number.

Each channel has an even scale of its own. What a mask loses by it is far less than what
a model is wrong by, and an embedding takes a quarter of the memory, and half of the
room on disk that half precision takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from napari_sam.backends.tensors import as_tensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArray, EmbeddingArrays

#: The array of the scales of all channels, one feature map after the other.
SCALES = "scales"
_LEVELS = 255


def quantize(features: Mapping[str, torch.Tensor]) -> dict[str, EmbeddingArray]:
    """Return features as bytes, and the scales of their channels.

    Parameters
    ----------
    features
        Floats ``(C, rows, cols)`` by name.

    Returns
    -------
    dict
        uint8 of the same shapes, and `SCALES`: float32 ``(channels of all, 2)``, the
        value of byte 0 and the step to the next, which half precision holds exactly:
        stores keep floats in it.
    """
    arrays: dict[str, EmbeddingArray] = {}
    scales = []
    for name, found in features.items():
        x = found.float().contiguous()  # four times as fast as channels last
        scale = _scales(x.amin((1, 2)).cpu().numpy(), x.amax((1, 2)).cpu().numpy())
        low, step = (s[:, None, None] for s in as_tensor(scale).to(x.device).T)
        levels = ((x - low) / step).round_().clamp_(0, _LEVELS).to(torch.uint8)
        arrays[name] = levels.contiguous().cpu().numpy()
        scales.append(scale)
    arrays[SCALES] = np.concatenate(scales)
    return arrays


class WindowedFeatures:
    """One quantized map ``(C, rows, cols)``, of which windows are made floats.

    All of it is, and stays so, once as much was asked for, or on a GPU at once. Every
    number is the same either way.

    Parameters
    ----------
    levels
        Bytes, on the device.
    low, step
        ``(C, 1, 1)``: the value of byte 0 and the step to the next.
    """

    def __init__(
        self, levels: torch.Tensor, low: torch.Tensor, step: torch.Tensor
    ) -> None:
        self._levels, self._low, self._step = levels, low, step
        self._asked, self._whole = 0, None if levels.is_cpu else self._read(levels)
        self.shape = levels.shape

    def window(self, rows: slice, cols: slice) -> torch.Tensor:
        """Return a window as float32."""
        part = self._levels[:, rows, cols]
        self._asked += part.numel()
        if self._whole is None and self._asked < self._levels.numel():
            return self._read(part)
        return self.whole()[:, rows, cols]

    def whole(self) -> torch.Tensor:
        """Return the whole array as float32."""
        if self._whole is None:
            self._whole = self._read(self._levels)
        return self._whole

    def _read(self, levels: torch.Tensor) -> torch.Tensor:
        return levels.float().mul_(self._step).add_(self._low)


def windowed(
    arrays: EmbeddingArrays, names: Sequence[str], device: torch.device
) -> list[WindowedFeatures]:
    """Return features of which windows are made floats, the inverse of `quantize`.

    Parameters
    ----------
    arrays
        What `quantize` gave, or what a store made of it.
    names
        Of all features, in their order there.
    device
        Where they are computed.
    """
    found: list[WindowedFeatures] = []
    for levels, scales in scaled(arrays, names):
        low, step = as_tensor(scales).to(device).T[:, :, None, None]
        found.append(WindowedFeatures(as_tensor(levels).to(device), low, step))
    return found


def scaled(
    arrays: EmbeddingArrays, names: Sequence[str]
) -> list[tuple[NDArray[np.uint8], NDArray[np.float32]]]:
    """Return the levels of features, and the scales of their channels."""
    levels = [np.asarray(arrays[name], np.uint8) for name in names]
    ends = np.cumsum([len(one) for one in levels])[:-1]
    scales = np.split(np.asarray(arrays[SCALES], np.float32), ends)
    return list(zip(levels, scales, strict=True))


def _scales(
    lowest: NDArray[np.float32], highest: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the lowest value and the step of each channel, rounded outwards."""
    half = lowest.astype(np.float16)
    low = np.where(half > lowest, np.nextafter(half, np.float16(-np.inf)), half)
    need = (highest - low.astype(np.float32)) / _LEVELS
    half = need.astype(np.float16)
    step = np.where(half < need, np.nextafter(half, np.float16(np.inf)), half)
    step = np.where(step > 0, step, np.float16(1))
    return np.stack([low, step], 1).astype(np.float32)
