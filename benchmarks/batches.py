"""Encoding several tiles at once on a CPU: time, memory, and whether bits change.

    python benchmarks/batches.py

Tiles of 1024 x 1024 that the encoders see as they are, random values, one thread. For
each size of a batch there is a process of its own.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time

import torch
from _measure import print_row

CASES = ("pocket", "ViT-B, random")
BATCHES = (1, 2, 4)


def encoder(case: str):
    if case == "pocket":
        from napari_sam.api import load_backend

        model = load_backend("pocket", device="cpu").model
        return lambda x: model.encoder(x.to(memory_format=torch.channels_last))
    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    torch.manual_seed(0)
    sam = build_sam(SamConfig.vit_b())
    return lambda x: [sam.encode(255 * x)]


@torch.inference_mode()
def measure(case: str, batch: int) -> dict[str, float]:
    torch.set_num_threads(1)
    encode = encoder(case)
    torch.manual_seed(1)
    tiles = torch.rand(4, 3, 1024, 1024)
    found = encode(tiles[:batch])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    start = time.process_time()
    found = encode(tiles[:batch])
    seconds = (time.process_time() - start) / batch
    alone = encode(tiles[:1])
    differ = max(
        float((a[:1] - b).abs().max() / b.abs().max())
        for a, b in zip(found, alone, strict=True)
    )
    return {"seconds": seconds, "peak": peak, "differ": differ}


def main() -> None:
    if len(sys.argv) > 1:
        print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
        return
    head = ["model", "tiles at once", "CPU s for a tile", "peak MB", "difference"]
    print_row(head)
    print_row(["---"] * len(head))
    for case in CASES:
        for batch in BATCHES:
            done = subprocess.run(
                [sys.executable, "-W", "ignore", __file__, case, str(batch)],
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                capture_output=True,
                text=True,
                check=True,
            )
            x = json.loads(done.stdout)
            figures = f"{x['seconds']:.2f}", f"{x['peak']:.0f}", f"{x['differ']:.1g}"
            print_row([case, str(batch), *figures])


if __name__ == "__main__":
    main()
