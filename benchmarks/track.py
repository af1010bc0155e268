"""What propagation costs: CPU milliseconds per object, and memory along a movie.

    python benchmarks/track.py [--frames N]

Discs of 29 pixels on frames of 512 x 512 pixels; one thread, embeddings in the store.
"""

import argparse
import resource
import time
from contextlib import closing

import numpy as np
import torch

import napari_sam as sam
from napari_sam.core.mask import Mask
from napari_sam.core.prompts import Prompts
from napari_sam.core.prompts.items import MaskPrompt
from napari_sam.tracking import TrackBuilder, iter_propagate
from napari_sam.tracking.motion.moving import Motion
from napari_sam.tracking.prompt_method import PromptMethod
from napari_sam.tracking.settings import PropagateSettings

SIDE = 512


class Discs:
    """A movie of discs that move by a pixel a frame; frames are drawn when read."""

    dtype = np.dtype(np.uint8)

    def __init__(self, count, frames):
        self.shape = (frames, SIDE, SIDE)
        across = int(np.ceil(np.sqrt(count)))
        step = SIDE / across
        self.places = [
            ((i // across + 0.5) * step, (i % across + 0.5) * step)
            for i in range(count)
        ]

    def labels(self, frame):
        y, x = np.mgrid[:SIDE, :SIDE]
        out = np.zeros((SIDE, SIDE), np.uint8)
        shift = 8 * np.sin(frame / 8)
        for i, (row, col) in enumerate(self.places):
            out[(y - row - shift) ** 2 + (x - col - shift) ** 2 < 14.5**2] = i + 1
        return out

    def __getitem__(self, index):
        frame, *inside = index
        y, x = np.mgrid[:SIDE, :SIDE]
        grain = 20 * np.sin(x / 5) * np.cos(y / 7)
        pixels = 60 + grain + 120 * (self.labels(frame) > 0)
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
            image.segment(prompt, 1).full((SIDE, SIDE))

    return (
        milliseconds(lambda: method.carry(objects, 1, {})),
        milliseconds(lambda: motion.move(masks, 0, 1)),
        milliseconds(one_by_one, 1),
    )


def memory(backend, frames, limit):
    """Peak of memory in MB after 100 frames, and after all of them."""
    movie = Discs(4, frames)
    store = sam.MemoryStore(limit)
    image = sam.PromptableImage(
        movie, backend, axes="tyx", store=store, appearance=sam.Appearance()
    )
    builder = TrackBuilder(image.frames, "t")
    peaks = []
    with closing(iter_propagate(image, {0: movie.labels(0)})) as steps:
        for step in steps:
            builder.add(step.finished)
            if step.done in (min(100, frames // 2), frames - 1):
                peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=200)
    options = parser.parse_args()
    torch.set_num_threads(1)
    backend = sam.load_backend("pocket")
    for count in (1, 10, 100):
        total, moved, peer = cost(backend, count)
        print(
            f"{count:3} objects: {total:6.1f} ms, {total / count:5.1f} an object; "
            f"motion {moved:5.1f}; one by one, full: {peer / count:5.1f} an object"
        )
    peaks = memory(backend, options.frames, 200 * 2**20)
    print(f"memory: {peaks[0]:.0f} MB after 100 frames, {peaks[-1]:.0f} MB after all")


if __name__ == "__main__":
    main()
