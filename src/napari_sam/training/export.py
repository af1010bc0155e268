"""Weights in a file that every door accepts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from safetensors.torch import save_file

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn

__all__ = ["export"]


def export(model: nn.Module, path: Path, provenance: Mapping[str, str]) -> None:
    """Write half-precision safetensors, whole or not at all.

    Parameters
    ----------
    model
        Whose weights.
    path
        Of the file, conventionally ``*.safetensors``.
    provenance
        How they were made; kept in the file's header.
    """
    state = {
        name: value.detach().half().contiguous()
        if value.dtype.is_floating_point
        else value.detach().contiguous()
        for name, value in model.state_dict().items()
    }
    part = path.with_name(path.name + ".part")
    save_file(state, part, metadata={"format": "pt", **provenance})
    with part.open("rb") as written:
        os.fsync(written.fileno())
    os.replace(part, path)
