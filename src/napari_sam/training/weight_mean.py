"""The mean of a model before and after it learnt: it forgets less, and keeps most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import save_file

from napari_sam.backends.weight_files import read_weights
from napari_sam.core.atomic_write import replacing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_weight_mean"]


def write_weight_mean(before: Path, after: Path, output: Path) -> None:
    """Write the mean of two sets of weights, as of one model that was fine-tuned.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT), with equal
    shares. Weights that only the later file has are taken as they are.

    Parameters
    ----------
    before, after
        Files of the same architecture.
    output
        The safetensors file to write, half precision, with the metadata of `after`; it
        may be `after` itself.
    """
    old, new = read_weights(before).state, read_weights(after)
    mean = {
        name: ((value.float() + old[name].float()) / 2).half().contiguous()
        if value.dtype.is_floating_point and name in old
        else value.contiguous()
        for name, value in new.state.items()
    }
    with replacing(output) as temporary:
        save_file(mean, temporary, metadata={"format": "pt", **new.metadata})
