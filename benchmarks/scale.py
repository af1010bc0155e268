"""Clicks on planes of any size: time, memory and pixels read.

::

    python benchmarks/scale.py

The image is virtual: discs on an uneven ground, computed where they are read, so what
grows would be ours. Each side has a process of its own, on one thread. "first" and
"tile" are clicks on tiles not seen before, the first with the fitting of the contrast;
"further" is a click on a tile seen before. Peak memory is that of the process, torch
and the model included; it is read before the image is made and after all clicks.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np
import torch
from _measure import print_row

import napari_sam as sam

SIDES = (4_096, 16_384, 65_536, 100_000)


class Virtual:
    """Discs 30 pixels wide, one every 64; pixels that are read are counted."""

    dtype = np.dtype(np.uint8)

    def __init__(self, side: int) -> None:
        self.shape, self.read = (side, side), 0

    def __getitem__(self, where: tuple[slice, slice]) -> np.ndarray:
        rows, cols = (
            np.arange(*s.indices(n)) for s, n in zip(where, self.shape, strict=True)
        )
        self.read += len(rows) * len(cols)
        y, x = rows[:, None], cols[None]
        disc = (y % 64 - 32) ** 2 + (x % 64 - 32) ** 2 < 15**2
        ground = 50 + 12 * np.sin(y / 37) + 12 * np.cos(x / 53)
        return (ground + 110 * disc).astype(np.uint8)


def peak() -> float:
    """Megabytes that the process has had at most."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def click(image: sam.PromptableImage, row: int, col: int) -> float:
    start = time.process_time()
    answer = image.segment(sam.Prompts.point(row, col))
    assert answer.mask.any()
    assert answer.complete
    return (time.process_time() - start) * 1e3


def measure(side: int) -> dict[str, float]:
    torch.set_num_threads(1)
    backend = sam.load_backend("pocket", device="cpu")
    click(sam.PromptableImage(Virtual(2048), backend), 1056, 1056)
    before = peak()
    data = Virtual(side)
    image = sam.PromptableImage(data, backend)
    at = side // 2 // 64 * 64 + 32
    first, sampled = click(image, at, at), data.read
    places = [at - 1024, at + 1024, at + 576]
    tiles = [click(image, place, place) for place in places]
    read = (data.read - sampled) / len(places)
    further = [click(image, place, place + 64) for place in places for _ in range(3)]
    return {
        "first": first,
        "tile": statistics.median(tiles),
        "further": statistics.median(further),
        "before": before,
        "after": peak(),
        "read": read,
        "sampled": sampled - read,
    }


def run(side: int) -> dict[str, float]:
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [sys.executable, __file__, str(side)],
        env={**os.environ, **threads},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(measure(int(sys.argv[1]))))
        raise SystemExit
    print_row(
        ["side", "first, ms", "tile, ms", "further, ms", "peak MB, before", "after",
         "pixels read for a tile", "for the contrast"]
    )  # fmt: skip
    print_row(["---"] * 8)
    for side in SIDES:
        found = run(side)
        print_row(
            [f"{side:,}", *(f"{found[k]:.0f}" for k in ("first", "tile", "further",
             "before", "after")), *(f"{found[k]:,.0f}" for k in ("read", "sampled"))]
        )  # fmt: skip
