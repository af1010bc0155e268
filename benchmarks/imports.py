"""Wall time of `import napari_sam`, of torch beside it, and of a first mask.

::

    python benchmarks/imports.py
"""

import statistics
import subprocess
import sys

STEPS = {
    "import napari_sam": "import napari_sam",
    "import torch": "import torch",
    "open pocket": "import napari_sam as sam; sam.load_backend()",
    "first mask, 256 x 256": (
        "import numpy as np, napari_sam as sam;"
        "a = np.zeros((256, 256), 'u1'); a[90:130, 80:120] = 200;"
        "sam.segment(a, sam.Prompts().point(110, 100)).mask"
    ),
}
CLOCK = "import time; t = time.perf_counter(); {}\nprint(time.perf_counter() - t)"


def seconds(code: str) -> float:
    command = [sys.executable, "-c", CLOCK.format(code)]
    return float(subprocess.run(command, capture_output=True, check=True).stdout)


if __name__ == "__main__":
    for name, code in STEPS.items():
        times = [seconds(code) for _ in range(5)]
        print(f"{name:24} {statistics.median(times) * 1e3:8.0f} ms")
