"""How long objects take to be measured, and how much memory a long movie takes.

    python benchmarks/measure.py

Discs of 28 pixels across in frames of 1024 x 1024; each part is left out once.
"""

import argparse
import time
import tracemalloc

import numpy as np

import napari_sam as sam
from napari_sam.core.images.frames import Frames

SIDE, PITCH, RADIUS = 1024, 32, 14
PARTS = ("shape", "solidity", "neighbours", "intensity")


def discs():
    """Return a plane of discs, numbered."""
    row, col = np.indices((SIDE, SIDE))
    number = row // PITCH * (SIDE // PITCH) + col // PITCH + 1
    away = np.hypot(row % PITCH - PITCH / 2, col % PITCH - PITCH / 2)
    return np.where(away <= RADIUS, number, 0).astype(np.uint32)


class Movie:
    """The same plane at every time, made when it is read."""

    def __init__(self, plane, length):
        self.plane, self.dtype = plane, plane.dtype
        self.shape = (length, *plane.shape)

    def __getitem__(self, index):
        return self.plane[index[1:]]


def seconds(labels, image, **options):
    begin = time.process_time()
    table = sam.measure(labels, image, settings=sam.MeasureSettings(**options))
    return (time.process_time() - begin) / len(table)


def peak(length, plane):
    tracemalloc.start()
    sam.measure(Frames(Movie(plane[:256, :256], length), "tyx"))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.parse_args()
    labels = discs()
    image = np.random.default_rng(0).integers(0, 4096, labels.shape)
    print(f"{labels.max()} objects in a frame")
    seconds(labels, image)  # once without being counted
    every = seconds(labels, image)
    print(f"all: {1000 * every:.2f} ms an object")
    for part in PARTS:
        less = every - seconds(labels, image, **{part: False})
        print(f"of this {part}: {1000 * less:.2f} ms")
    for length in (10, 40):
        print(f"{length} frames of 64 objects: at most {peak(length, labels):.1f} MB")


if __name__ == "__main__":
    main()
