"""Weights between those before and after a model learnt: they forget less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import save_file

from napari_sam.backends.weight_files import read_weights
from napari_sam.core.atomic_write import replacing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["write_weight_mean"]


def write_weight_mean(
    before: Path, after: Path, output: Path, *, share: float = 0.5
) -> None:
    """Write a weighted mean of two sets of weights, as of one model that learnt.

    Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT). Weights
    that only the later file has are taken as they are.

    Parameters
    ----------
    before, after
        Files of the same architecture.
    output
        The safetensors file to write, half precision, with the metadata of `after` and
        the share; it may be `after` itself.
    share
        Of the weights after, 0 to 1.
    """
    old, new = read_weights(before).state, read_weights(after)
    mean = {
        name: old[name].float().lerp(value.float(), share).half().contiguous()
        if value.dtype.is_floating_point and name in old
        else value.contiguous()
        for name, value in new.state.items()
    }
    told = {"format": "pt", **new.metadata, "share": f"{share:g}"}
    with replacing(output) as temporary:
        save_file(mean, temporary, metadata=told)
