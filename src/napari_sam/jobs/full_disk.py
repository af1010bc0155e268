"""What is said when a disk is full: which file, and what is safe."""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_sam.core.errors import NotWrittenError
from napari_sam.jobs.results_file import results_path

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def full_disk_named(output: Path, safe: str) -> Iterator[None]:
    """Say which output a full disk has no room for; its results file is deleted.

    Parameters
    ----------
    output
        What is written.
    safe
        What was not lost, and what to do: the end of the message.

    Raises
    ------
    NotWrittenError
        If the disk is full, or the person's share of it.
    """
    try:
        yield
    except OSError as wrong:
        if wrong.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        results_path(output).unlink(missing_ok=True)
        raise NotWrittenError(
            f"{output} was not written: its disk is full. {safe}"
        ) from wrong
