"""A mask as a message: where it lies, and its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict
    from napari_sam.core.prediction import Prediction

#: Pixels along the longer side of a mask; of a larger one, fewer are sent.
_MOST = 1024
_PACKED = np.dtype("<u4")


def mask_message(
    which: str, frame: int, mask: Prediction | None
) -> tuple[JsonDict, list[bytes]]:
    """Return the message that shows a mask, and its runs; None hides what was shown.

    Parameters
    ----------
    which
        ``"preview"`` or ``"hover"``.
    frame
        The plane it is in.
    mask
        What to show.
    """
    found: JsonDict = {"kind": "mask", "which": which, "frame": frame}
    if mask is None or not mask.area:
        return found, []
    region = mask.region
    step = max(1, -(-max(region.shape) // _MOST))
    pixels = mask.mask[::step, ::step]
    found |= {
        "top": region.top,
        "left": region.left,
        "shape": list(pixels.shape),
        "step": step,
    }
    return found, [_runs(pixels.reshape(-1))]


def _runs(flat: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> bytes:
    """Lengths of runs, starting with what is not set."""
    changes = np.flatnonzero(flat[1:] != flat[:-1]) + 1
    start = [0, 0] if flat[0] else [0]
    lengths = np.diff(np.r_[start, changes, flat.size])
    return bytes(lengths.astype(_PACKED).tobytes())
