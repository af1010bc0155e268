"""Logits that a mask is refined from: those of the round before, and mask prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from napari_sam.backends.tensors import as_tensor

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Logits of mask prompts: as far from 0 as the model's own clear masks.
PROMPT_LOGIT = 10.0
#: Previous logits are clamped to these bounds.
_LOGIT_BOUND = 32.0


def prior_logits(
    mask_input: NDArray[np.float32] | None, previous: NDArray[np.float32] | None
) -> torch.Tensor | None:
    """Return the logits that a mask decoder begins with; None for none.

    Parameters
    ----------
    mask_input
        ``(rows, cols)``: 1 inside, -1 outside, 0 where nothing is said.
    previous
        Logits of the round before, of the same shape; they fill what is not said.
    """
    mask: torch.Tensor | None = None
    if previous is not None:
        mask = as_tensor(previous).clamp(-_LOGIT_BOUND, _LOGIT_BOUND)
    if mask_input is not None:
        logits = as_tensor(mask_input) * PROMPT_LOGIT
        mask = logits if mask is None else torch.where(logits != 0, logits, mask)
    return mask
