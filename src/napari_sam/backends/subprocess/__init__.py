"""Backends in a process of their own.

A window shares one interpreter with its model: as long as one of the two computes
in Python, or in a library that keeps the interpreter's lock, the other waits. A model
in another process is never waited for, and if it takes the computer's memory and is
killed, prompts and labels are still there. Its masks are the same to the bit.

`SubprocessBackend`, on the window's side, imports no torch. Both sides talk through
`multiprocessing.connection`, one connection per thread, so that encoding one tile
delays no decode on another.
"""

from napari_sam.backends.subprocess.backend import SubprocessBackend
from napari_sam.backends.subprocess.process import NoProcessError
from napari_sam.backends.subprocess.server import serve

__all__ = ["NoProcessError", "SubprocessBackend", "serve"]
