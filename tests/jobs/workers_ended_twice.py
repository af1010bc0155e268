"""A worker that is asked to end once more while it ends, as a loaded machine may do."""

from __future__ import annotations

import atexit
import os
import signal
import sys

from napari_sam.core.errors import JobError
from napari_sam.jobs.processes import run_in_processes


def worker():
    atexit.register(os.kill, os.getpid(), signal.SIGTERM)
    return ask_to_end if sys.argv[1:] == ["busy"] else abs


def ask_to_end(task):
    os.kill(os.getpid(), signal.SIGTERM)
    return task


if __name__ == "__main__":
    try:
        sys.stdout.write(str(list(run_in_processes(worker, [-1, -2], workers=1))))
    except JobError as error:
        sys.stdout.write(str(error))
