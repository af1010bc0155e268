"""Packages that only some kinds of files need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from napari_sam.core.errors import MissingPackageError


def needed(package: str, what: str) -> Any:
    """Import a package, or say which command installs it.

    Parameters
    ----------
    package
        Its name, also for pip.
    what
        What cannot be done without it, e.g. ``"a.mp4 is a video; reading it"``.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    try:
        return import_module(package)
    except ImportError as wrong:
        raise MissingPackageError(
            f"{what} needs {package}: pip install {package}"
        ) from wrong
