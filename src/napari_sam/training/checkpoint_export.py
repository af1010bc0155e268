"""Export of trained weights as a checkpoint that any part of napari-sam opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from safetensors.torch import save_file

from napari_sam.core.atomic_write import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

__all__ = ["export"]


def export(model: nn.Module, path: Path, provenance: Mapping[str, str]) -> None:
    """Write half-precision weights as safetensors; the file appears complete.

    Parameters
    ----------
    model
        Whose weights.
    path
        Of the file, conventionally ``*.safetensors``.
    provenance
        How they were made, for the header of the file.
    """
    state = {
        name: value.detach().half().contiguous()
        if value.dtype.is_floating_point
        else value.detach().contiguous()
        for name, value in model.state_dict().items()
    }
    with replacing(path) as temporary:
        save_file(state, temporary, metadata={"format": "pt", **provenance})
