"""A model in a process of its own.

A window shares one interpreter with what answers it: as long as one of the two computes
in Python, or in a library that keeps the interpreter's lock, the other waits. A model
apart is never waited for, and if it takes the computer's memory and is killed, what was
drawn is still there. It answers to the bit what it answers in the same process.

The side that asks (`ApartBackend`) knows nothing of torch. Both sides speak through
`multiprocessing.connection`, one line per asking thread, so that a long look at one
tile delays no answer on another.
"""

from napari_sam.backends.apart.backend import ApartBackend
from napari_sam.backends.apart.process import NoProcessError
from napari_sam.backends.apart.serving import serve

__all__ = ["ApartBackend", "NoProcessError", "serve"]
