"""The folder of the user's data: checkpoints, journals, models of one's own."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def home() -> Path:
    """Return the folder of the user's data: ``NAPARI_SAM_HOME``, or the system's.

    It is a folder for data and not for caches: models of one's own are in it, and
    whatever cleans a cache must not take them.
    """
    given = os.environ.get("NAPARI_SAM_HOME")
    if given:
        return Path(given).expanduser()
    return user_data_path("napari-sam", appauthor=False)
