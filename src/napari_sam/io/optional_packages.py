"""Packages that only some kinds of files need."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from napari_sam.core.errors import MissingPackageError


def import_optional(package: str, what: str) -> Any:
    """Import a package, or say which command installs it.

    Parameters
    ----------
    package
        Its name, also for pip, or a part of it.
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
        name = package.partition(".")[0]
        raise MissingPackageError(f"{what} needs {name}: pip install {name}") from wrong
