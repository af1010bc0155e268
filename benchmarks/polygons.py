"""Peak memory of writing 500 objects of a plane of 30,000 x 30,000 as polygons.

Each case is a process of its own: as masks, which may overlap, and as a label image on
disk; and a label image as TIFF.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from napari_sam.core.address import Address
from napari_sam.core.mask import Mask
from napari_sam.io import Image, label_array, write_labels, write_objects
from napari_sam.jobs import paint_on
from napari_sam.jobs.segment_jobs import MaskResult

SIDE, COUNT = 30_000, 500
CASES = ("masks.geojson", "masks.gpkg", "masks.json", "labels.geojson", "labels.tif")


class Nothing:
    """A plane that nobody looks at."""

    shape, dtype = (SIDE, SIDE), np.dtype(np.uint8)

    def __getitem__(self, index):
        raise AssertionError("no pixel of the image is needed")


def disks() -> dict[Address, MaskResult]:
    generator = np.random.default_rng(0)
    found = {}
    for number in range(1, COUNT + 1):
        radius = int(generator.integers(20, 300))
        top, left = generator.integers(0, SIDE - 2 * radius, 2).tolist()
        at, offset = Address(0, number), np.arange(-radius, radius)
        disk = offset[:, None] ** 2 + offset**2 < radius**2
        found[at] = MaskResult(at, Mask.from_array(disk, top=top, left=left), 1.0, True)
    return found


def write(name: str) -> None:
    image = Image(data=Nothing(), axes="yx")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        if name.startswith("masks"):
            write_objects(path, disks(), image)
            return
        with label_array(path, image.frames) as labels:
            paint_on(labels, disks(), image.frames)
            write_labels(path, labels, like=image)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--case", choices=CASES)
    case = parser.parse_args().case
    if case:
        start = time.perf_counter()
        write(case)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak /= 1024**2 if sys.platform == "darwin" else 1024
        print(json.dumps({"s": time.perf_counter() - start, "MB": peak}))
        return
    print("| from, to | seconds | peak MB |\n|---|---|---|")
    for case in CASES:
        done = subprocess.run(
            [sys.executable, __file__, "--case", case],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        found = json.loads(done.stdout)
        print(f"| {case} | {found['s']:.0f} | {found['MB']:.0f} |")


if __name__ == "__main__":
    main()
