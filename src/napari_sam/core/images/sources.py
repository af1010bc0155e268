"""Pixel sources of images: what was given, as something with a shape and slices."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from napari_sam.core.errors import NotAnImageError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_sam.core.images.pixels import PixelSource


def as_source(data: ArrayLike | PixelSource) -> PixelSource:
    """Return what can be sliced; what has types of its own, as tensors, as numpy."""
    try:
        if hasattr(data, "shape"):
            source = cast("PixelSource", data)
            np.dtype(source.dtype)
            return source
    except (AttributeError, TypeError):
        pass
    try:
        return np.asarray(data)
    except (ValueError, TypeError, RuntimeError, NotImplementedError) as wrong:
        reason = " ".join(str(wrong).split()).rstrip(".")
        raise NotAnImageError(
            f"{type(data).__name__} is not an array of pixels that numpy can read: "
            f"{reason}. Give an array, such as tensor.detach().cpu().numpy()."
        ) from None


def shape_of(source: PixelSource) -> tuple[int, ...]:
    """Return the shape, if it is known."""
    try:
        return tuple(int(n) for n in source.shape)
    except ValueError:
        raise NotAnImageError(
            f"The shape of the image is not known: {tuple(source.shape)}. Of a Dask "
            "array, call compute_chunk_sizes() first."
        ) from None
