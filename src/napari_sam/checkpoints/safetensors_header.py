"""Metadata in the header of a safetensors file, read without its tensors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.json_values import parse_json

if TYPE_CHECKING:
    from pathlib import Path

#: No header of weights is longer; what claims to be is something else.
_LONGEST = 100_000_000


def metadata_of(path: Path) -> dict[str, str]:
    """Return what was noted in the header of a safetensors file.

    Empty for another kind of file, and where nothing was noted. The format is 8 bytes
    for the length of the header, least significant first, then JSON.
    """
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LONGEST, path.stat().st_size):
                return {}
            header = parse_json(file.read(length))
    except (OSError, ValueError):
        return {}
    noted = header.get("__metadata__") if isinstance(header, dict) else None
    if not isinstance(noted, dict):
        return {}
    return {str(k): v for k, v in noted.items() if isinstance(v, str)}
