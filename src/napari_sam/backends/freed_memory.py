"""Memory that was freed, and that the C library keeps for itself."""

from __future__ import annotations

import ctypes
import sys


def return_freed_memory() -> None:
    """Give freed memory back to the system, where the C library is that of GNU.

    Masks of many prompts are made and dropped in turn; between them lie the few that
    are kept, and the holes would add up to ten times the size of what is in use.
    Elsewhere nothing happens.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
