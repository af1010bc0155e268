"""Where checkpoints are kept, and what the person has said about the network."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path

_NO = ("", "0", "no", "false", "off")


def home() -> Path:
    """Return the folder of everything we keep: ``NAPARI_SAM_HOME``, or the user's own.

    It is a folder for data and not for caches: models of one's own are in it, and
    whatever cleans a cache must not take them.
    """
    given = os.environ.get("NAPARI_SAM_HOME")
    if given:
        return Path(given).expanduser()
    return user_data_path("napari-sam", appauthor=False)


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
