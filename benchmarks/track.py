"""What propagation costs: CPU milliseconds per object, and memory along a movie.

    python benchmarks/track.py [--objects N ...] [--walk N] [--frames N]
    python benchmarks/track.py --long 100 1000 10000

Discs of 29 pixels on frames of 512 x 512 pixels; one thread, embeddings in the store.
They are walked through a film: every frame is new, as the same one again would come out
of caches, and the first is a warm-up; all are drawn before. The encoder's time is
apart, motion is measured once more alone, and a peer's loop decodes one object after
another, with masks of the whole frame. With ``--frames``, memory along so many frames.
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
from functools import partial
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

    capabilities = ("features",)

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


def milliseconds(call):
    """CPU milliseconds of a call, and what it returned."""
    begin = time.process_time()
    found = call()
    return 1000 * (time.process_time() - begin), found


def walked(step, state, frames):
    """Mean CPU milliseconds of a step from frame to frame, without the first.

    A step takes what the one before returned, and a frame that it has not seen.
    """
    took = []
    for frame in frames:
        spent, state = milliseconds(partial(step, state, frame))
        took.append(spent)
    return float(np.mean(took[1:]))


def cost(backend, count, frames):
    """Milliseconds of a new frame: encoder, the rest, motion alone, a peer's loop."""
    movie = Discs(count, frames + 2)
    pixels = np.stack([movie[(frame,)] for frame in range(frames + 2)])
    image = sam.PromptableImage(
        pixels, backend, axes="tyx", store=sam.MemoryStore(frames * LIMIT)
    )
    masks = {i + 1: Mask.from_array(movie.labels(0) == i + 1) for i in range(count)}
    image.embed(frames=[0])
    method = PromptMethod(image, PropagateSettings())
    objects = method.start(0, masks)
    motion = Motion(image)

    def encode(_, frame):
        image.embed(frames=[frame])

    def propagate(objects, frame):
        found = method.propagate(objects, frame, {})
        assert len(found) == count
        return found

    def move(masks, frame):
        moved = motion.move(masks, frame - 1, frame)
        return {i: one.mask for i, one in moved.items()}

    def one_by_one(masks, frame):
        found = {}
        for i, mask in masks.items():
            prompt = MaskPrompt(mask, approximate=True)
            prediction = image.segment(Prompts((prompt,)), frame)
            prediction.full(movie.shape[1:])
            found[i] = prediction.to_mask() or mask
        return found

    new = range(1, frames + 2)
    return (
        walked(encode, None, new),
        walked(propagate, objects, new),
        walked(move, masks, new),
        walked(one_by_one, masks, new),
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


def costs(counts, walk, frames):
    import torch

    torch.set_num_threads(1)
    backend = sam.load_backend("pocket")
    print(
        "| objects | encoder | a frame beyond it | an object | motion | peer, object |"
    )
    for count in counts:
        encoder, rest, moved, peer = cost(backend, count, walk)
        numbers = (encoder, rest, rest / count, moved, peer / count)
        print(f"| {count} | " + " | ".join(f"{n:.1f}" for n in numbers) + " |")
    if frames:
        early, late = memory(backend, Discs(4, frames), LIMIT)
        print(f"memory: {early:.0f} MB after 50 frames, {late:.0f} MB after {frames}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--walk", type=int, default=5, help="new frames to average")
    parser.add_argument("--frames", type=int, default=0, help="for memory")
    parser.add_argument("--long", type=int, nargs="*", help="lengths of movies")
    parser.add_argument("--case", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case(*options.case)
    elif options.long:
        long_movies(options.long)
    else:
        costs(options.objects, options.walk, options.frames)


if __name__ == "__main__":
    main()
