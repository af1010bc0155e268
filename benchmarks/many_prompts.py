"""Memory and time of the masks of many prompts on one embedding.

    python benchmarks/many_prompts.py [--prompts 1024] [--models pocket vit_b]

A grid of points on a picture of blobs, 1024 pixels a side, decoded by `iter_decode`
on one thread; `vit_b` is the decoder of every SAM on random weights. "Memory" is the
largest resident size while masks are looked at one by one, beyond what the process
had when the embedding was there.
"""

from __future__ import annotations

import argparse
import time
from math import isqrt
from pathlib import Path

import numpy as np

import napari_sam as sam

SIDE = 1024


def picture() -> np.ndarray:
    """Return 80 bright discs on noise."""
    rng = np.random.default_rng(0)
    pixels = (rng.random((SIDE, SIDE, 3)) * 60).astype(np.uint8)
    rows, cols = np.mgrid[:SIDE, :SIDE]
    for row, col in rng.integers(40, SIDE - 40, (80, 2)):
        pixels[(rows - row) ** 2 + (cols - col) ** 2 < 18**2] += 120
    return pixels


def backend(name: str) -> sam.Backend:
    if name == "pocket":
        return sam.load_backend()
    from napari_sam.backends.sam import SamBackend
    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    return SamBackend(build_sam(SamConfig.vit_b()))


def resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def main() -> None:
    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=1024)
    parser.add_argument("--models", nargs="+", default=["pocket", "vit_b"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    side = isqrt(options.prompts)
    step = SIDE / side
    grid = [
        sam.Prompts.point(int((i + 0.5) * step), int((j + 0.5) * step))
        for i in range(side)
        for j in range(side)
    ]
    print("| model | prompts | memory, MB | CPU ms a prompt |\n|---|---|---|---|")
    for name in options.models:
        model = backend(name)
        (embedding,) = model.encode([picture()])
        list(model.iter_decode(embedding, grid[:2]))
        before, start = resident(), time.process_time()
        most = 0.0
        for mask in model.iter_decode(embedding, grid):
            _ = mask.area
            most = max(most, resident() - before)
        spent = (time.process_time() - start) / len(grid) * 1000
        print(f"| {name} | {len(grid)} | {most:.0f} | {spent:.1f} |", flush=True)


if __name__ == "__main__":
    main()
