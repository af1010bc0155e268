"""Models that workers, which are processes of their own, can import."""

import os
import signal
from pathlib import Path

from napari_sam.testing import ThresholdBackend


def open_model(name, **_):
    """A model that does what its name says.

    ``threshold`` is the plain one; ``dies:PATH`` kills its process with the first tile
    that is asked of it, unless PATH is there; ``deadly`` does so where pixels are
    bright, and ``fails`` fails there.
    """
    kind, _, path = (name or "threshold").partition(":")
    return {"dies": Dies, "deadly": Deadly, "fails": Fails}.get(kind, Plain)(path)


class Plain(ThresholdBackend):
    def __init__(self, path):
        super().__init__()
        self.path = Path(path)


class Dies(Plain):
    def encode(self, planes):
        try:
            self.path.touch(exist_ok=False)
        except FileExistsError:
            return super().encode(planes)
        return os.kill(os.getpid(), signal.SIGKILL)


class Deadly(Plain):
    def encode(self, planes):
        if any(p.max() > 240 for p in planes):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().encode(planes)


class Fails(Plain):
    def encode(self, planes):
        if any(p.max() > 240 for p in planes):
            raise ValueError("too bright")
        return super().encode(planes)
