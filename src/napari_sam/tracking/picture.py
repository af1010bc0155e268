"""A picture of labels, each object in its colour, as a PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Pixels along the longer side.
_MOST = 640


def labels_picture(labels: NDArray[np.integer]) -> bytes:
    """Return labels ``(y, x)`` in the colours of our pictures, on black."""
    from napari_sam.io.pictures import COLOURS, encode_picture

    step = max(1, -(-max(labels.shape) // _MOST))
    small = labels[::step, ::step].astype(np.int64)
    colours = np.array(COLOURS, np.uint8)[(small - 1) % len(COLOURS)]
    colours[small == 0] = 0
    return encode_picture(colours)
