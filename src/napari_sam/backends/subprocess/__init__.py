"""A model in a process of its own.

A window shares one interpreter with what answers it: as long as one of the two computes
in Python, or in a library that keeps the interpreter's lock, the other waits. A model
apart is never waited for, and if it takes the computer's memory and is killed, what was
drawn is still there. It answers to the bit what it answers in the same process.

`SubprocessBackend`, on the window's side, imports no torch. Both sides talk through
`multiprocessing.connection`, one connection per thread, so that encoding one tile
delays no decode on another.
"""

from napari_sam.backends.subprocess.backend import SubprocessBackend
from napari_sam.backends.subprocess.process import NoProcessError
from napari_sam.backends.subprocess.server import serve

__all__ = ["NoProcessError", "SubprocessBackend", "serve"]
