"""Packages that only some kinds of files need."""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any

from napari_sam.core.errors import MissingPackageError


def import_optional(package: str, what: str, *, pip: str = "") -> Any:
    """Import a package, or say which command installs it.

    Parameters
    ----------
    package
        Its name, also for pip, or a part of it.
    what
        What cannot be done without it, e.g. ``"a.mp4 is a video; reading it"``.
    pip
        What installs it, if that has another name.

    Raises
    ------
    MissingPackageError
        If it is not installed.
    """
    name = package.partition(".")[0]
    try:
        return _unheard(import_module(package), name)
    except ImportError as wrong:
        raise MissingPackageError(
            f"{what} needs {pip or name}: pip install {pip or name}"
        ) from wrong


def _unheard(module: Any, name: str) -> Any:
    """Keep remarks of a package on damaged files from stderr, beside our errors."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    return module
