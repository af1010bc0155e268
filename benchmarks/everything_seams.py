"""One object across tiles is one object: two tilings of a plane, and what they take.

::

    python benchmarks/everything_seams.py [--scenes 4] [--again]

Draws a plane of so many scenes a side, 512 pixels each, finds all objects, and prints
their number, CPU seconds and the peak of memory; with ``--again`` also the F1 with what
another tiling finds.
"""

import argparse
import resource
from time import process_time

import numpy as np
import torch

import napari_sam as sam
from napari_sam.evaluation.instance_accuracy import instance_accuracy
from napari_sam.synthetic import draw_scene

OTHER = sam.Tiling((352, 352), (80, 80))


def plane(side):
    rng = np.random.default_rng(0)
    scenes = [
        [draw_scene(rng, size=512, kind="nuclei").image for _ in range(side)]
        for _ in range(side)
    ]
    return np.concatenate([np.concatenate(row, 1) for row in scenes])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    pixels, model = plane(given.scenes), sam.load_backend("pocket", device="cpu")
    start = process_time()
    found = sam.segment_everything(pixels, axes="yxc", model=model)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = process_time() - start
    print(f"{pixels.shape[:2]}: {found.max()} objects, {seconds:.0f} CPU s, {peak} MB")
    if given.again:
        other = sam.segment_everything(pixels, axes="yxc", model=model, tiling=OTHER)
        print(f"F1 of two tilings {instance_accuracy(other, found).f1:.3f}")


if __name__ == "__main__":
    main()
