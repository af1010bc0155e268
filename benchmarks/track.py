"""What propagation costs: CPU milliseconds per object, and memory along a movie.

    python benchmarks/track.py [--frames N]
    python benchmarks/track.py --long 100 1000 10000

Discs of 29 pixels on frames of 512 x 512 pixels; one thread, embeddings in the store.
With ``--long``, memory alone: discs on frames of 64 x 64, by a backend without weights,
beside a loop that decodes objects one by one and keeps a mask of the whole frame of
each; every length in a process of its own.
"""

import argparse
import resource
import subprocess
import sys
import time
from contextlib import closing
from tempfile import TemporaryDirectory

import numpy as np

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.core.protocols import FeatureMap
from napari_sam.testing import ThresholdBackend
from napari_sam.tracking import TrackBuilder, iter_propagate
from napari_sam.tracking.motion.moving import Motion
from napari_sam.tracking.prompt_method import PromptMethod
from napari_sam.tracking.settings import PropagateSettings

#: Bytes of embeddings that a store keeps in memory: of `pocket`, of no weights.
LIMIT, SMALL = 200 * 2**20, 2**20


class FeatureBackend(ThresholdBackend):
    """A backend without weights whose motion is found by features, as `pocket`'s is."""

    def features(self, embedding):
        bright = np.asarray(embedding["bright"], np.float32)[None]
        small = bright.reshape(1, bright.shape[1] // 4, 4, -1, 4).mean((2, 4))
        return [FeatureMap(small, (4.0, 4.0))]


class Discs:
    """A movie of discs that move by a pixel a frame; frames are drawn when read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, count, frames, side=512, radius=14.5):
        self.shape = (frames, side, side)
        self.radius, across = radius, int(np.ceil(np.sqrt(count)))
        step = side / across
        self.places = [
            ((i // across + 0.5) * step, (i % across + 0.5) * step)
            for i in range(count)
        ]
        y, x = np.mgrid[:side, :side]
        self.ground = 60 + 20 * np.sin(x / 5) * np.cos(y / 7)

    def labels(self, frame):
        out = np.zeros(self.shape[1:], np.uint8)
        reach = int(self.radius) + 2
        shift = self.radius * 0.55 * np.sin(frame / 8)
        for i, (row, col) in enumerate(self.places):
            top, left = int(row + shift) - reach, int(col + shift) - reach
            y, x = np.ogrid[top : top + 2 * reach + 1, left : left + 2 * reach + 1]
            rows, cols = np.nonzero(
                (y - row - shift) ** 2 + (x - col - shift) ** 2 < self.radius**2
            )
            rows, cols = rows + top, cols + left
            on = (rows >= 0) & (cols >= 0)
            on &= (rows < out.shape[0]) & (cols < out.shape[1])
            out[rows[on], cols[on]] = i + 1
        return out

    def __getitem__(self, index):
        frame, *inside = index
        pixels = self.ground + 120 * (self.labels(frame) > 0)
        return pixels.astype(np.uint8)[tuple(inside)]


def milliseconds(call, times=3):
    call()
    begin = time.process_time()
    for _ in range(times):
        call()
    return 1000 * (time.process_time() - begin) / times


def cost(backend, count):
    """Milliseconds of a frame: all of it, motion alone, and decoding one by one."""
    movie = Discs(count, 3)
    image = sam.PromptableImage(movie, backend, axes="tyx")
    image.embed()
    masks = {i + 1: Mask.from_array(movie.labels(0) == i + 1) for i in range(count)}
    method = PromptMethod(image, PropagateSettings())
    objects = method.start(0, masks)
    motion = Motion(image)

    def one_by_one():
        for mask in masks.values():
            prompt = Prompts((MaskPrompt(mask),))
            image.segment(prompt, 1).full(movie.shape[1:])

    return (
        milliseconds(lambda: method.carry(objects, 1, {})),
        milliseconds(lambda: motion.move(masks, 0, 1)),
        milliseconds(one_by_one, 1),
    )


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory(backend, movie, limit):
    """Peak of memory in MB after 50 frames, and after all; labels are on disk."""
    import zarr

    frames = movie.shape[0]
    image = sam.PromptableImage(
        movie,
        backend,
        axes="tyx",
        store=sam.MemoryStore(limit),
        appearance=sam.Appearance(),
    )
    with TemporaryDirectory() as folder:
        out = zarr.create_array(
            f"{folder}/labels.zarr",
            shape=movie.shape,
            chunks=(1, *movie.shape[1:]),
            dtype="u4",
        )
        builder, early = TrackBuilder(image.frames, "t", out=out), 0.0
        with closing(iter_propagate(image, {0: movie.labels(0)})) as steps:
            for step in steps:
                builder.add(step.finished)
                if step.done == min(50, frames // 2):
                    early = peak()
        builder.tracks()
        return early, peak()


def peer_memory(backend, movie, limit):
    """Return the same for a loop that keeps a whole frame for each object."""
    image = sam.PromptableImage(
        movie, backend, axes="tyx", store=sam.MemoryStore(limit)
    )
    labels = movie.labels(0)
    last = {i: Mask.from_array(labels == i) for i in np.unique(labels)[1:]}
    kept, early = [], 0.0
    for frame in range(1, movie.shape[0]):
        for i, mask in last.items():
            found = image.segment(Prompts((MaskPrompt(mask),)), frame)
            kept.append(found.full(movie.shape[1:]))
            last[i] = found.to_mask() or mask
        if frame == min(50, movie.shape[0] // 2):
            early = peak()
    return early, peak()


def long_movies(lengths):
    print("| frames | way | MB after 50 frames | MB after all | more | CPU s |")
    for length in lengths:
        for way in ("propagate", "peer"):
            done = subprocess.run(
                [sys.executable, __file__, "--case", way, str(length)],
                capture_output=True,
                text=True,
                check=True,
            )
            print(done.stdout.strip(), flush=True)


def case(way, frames):
    movie = Discs(4, int(frames), side=64, radius=6.5)
    measure = memory if way == "propagate" else peer_memory
    early, late = measure(FeatureBackend(), movie, SMALL)
    seconds = time.process_time()
    numbers = (early, late, late - early, seconds)
    print(f"| {frames} | {way} | " + " | ".join(f"{n:.0f}" for n in numbers) + " |")


def costs(frames):
    import torch

    torch.set_num_threads(1)
    backend = sam.load_backend("pocket")
    for count in (1, 10, 100):
        total, moved, peer = cost(backend, count)
        print(
            f"{count:3} objects: {total:6.1f} ms, {total / count:5.1f} an object; "
            f"motion {moved:5.1f}; one by one, full: {peer / count:5.1f} an object"
        )
    early, late = memory(backend, Discs(4, frames), LIMIT)
    print(f"memory: {early:.0f} MB after 50 frames, {late:.0f} MB after {frames}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    parser.add_argument("--long", type=int, nargs="*", help="lengths of movies")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case(*options.case)
    elif options.long:
        long_movies(options.long)
    else:
        costs(options.frames)


if __name__ == "__main__":
    main()
