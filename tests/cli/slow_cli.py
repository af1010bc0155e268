"""The command line with a model "slow", which takes its time for a tile.

Workers import this file too, as Python does with what started them.
"""

import sys
import time
from importlib.metadata import EntryPoint, EntryPoints

from napari_sam.core import registry
from napari_sam.testing import ThresholdBackend


class Slow(ThresholdBackend):
    def encode(self, planes):
        time.sleep(0.1)
        return super().encode(planes)


def open_slow(name, **_):
    return Slow()


ENTRIES = EntryPoints([EntryPoint("slow", f"{__name__}:open_slow", registry.BACKENDS)])
registry.entry_points = lambda **by: ENTRIES.select(**by)

if __name__ == "__main__":
    from napari_sam.apps.cli import main

    sys.exit(main())
