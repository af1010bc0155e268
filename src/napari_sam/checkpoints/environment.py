"""Folders of checkpoints, and environment variables of the network."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from napari_sam.core.home import home

if TYPE_CHECKING:
    from pathlib import Path

_NO = ("", "0", "no", "false", "off")


def models_folder() -> Path:
    """Return the folder of checkpoints; it may not be there yet."""
    return home() / "models"


def own_folder() -> Path:
    """Return the folder of models that were added on this machine."""
    return models_folder() / "own"


def is_offline() -> bool:
    """Whether ``NAPARI_SAM_OFFLINE`` forbids the network."""
    return os.environ.get("NAPARI_SAM_OFFLINE", "").strip().lower() not in _NO


def default_mirror() -> str | None:
    """Return the server or folder that ``NAPARI_SAM_MIRROR`` names."""
    return os.environ.get("NAPARI_SAM_MIRROR") or None
