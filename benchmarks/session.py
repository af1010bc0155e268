"""What a session costs the thread that it lives on.

    python benchmarks/session.py

"Open": a session on a movie of 10,000 x 1024 x 1024 pixels, in a new process, with the
memory that the process takes more. "Masks": 1,000 round masks made elsewhere, put into
the labels of one frame or of as many frames; computing what changes may be done by
another thread, writing it may not. "Click": a point prompt on an object, its request
and its preview, without the model, beside so many open prompts of other objects.
"Footprints": a million objects in 1,000 frames, and the number of the next one.
"""

from __future__ import annotations

import multiprocessing
import resource
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from _measure import matmul_peaks

from napari_sam import Address, Frames, PromptableImage, Prompts
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.session import AnnotationSession, ObjectInfo
from napari_sam.session.adding_masks import MaskAdder
from napari_sam.session.labels.footprints import Footprint, Footprints
from napari_sam.session.object_table import ObjectTable
from napari_sam.session.requests import Response
from napari_sam.testing import ThresholdBackend

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
FRAMES, SIDE, RADIUS = 10_000, 1024, 10


def main() -> None:
    print(matmul_peaks())
    for part in (open_movie, add_to_one_frame, add_to_many_frames, click, footprints):
        process = multiprocessing.get_context("spawn").Process(target=part)
        process.start()
        process.join()


def open_movie() -> None:
    before = memory()
    session, seconds = timed(lambda: session_of(FRAMES))
    print(f"open {session.frames}: {seconds * 1e3:.0f} ms, {memory() - before:.0f} MB")
    _, seconds = timed(lambda: commit_at(session, FRAMES - 1))
    print(f"  commit in the last frame: {seconds * 1e3:.1f} ms")


def add_to_one_frame() -> None:
    add(session_of(1), "1,000 masks in one frame")


def add_to_many_frames() -> None:
    add(session_of(1000), "1,000 masks in 200 frames of a movie in memory", 200)
    add(session_of(FRAMES), "1,000 masks in 1,000 frames of a movie on disk")


def add(session: AnnotationSession, name: str, most: int = 1000) -> None:
    """Put masks into the labels three times; the first pays for what is imported."""
    frozen, computed, written = [], [], []
    for first in (1, 2001, 4001):
        masks = dict(disks(len(session.frames), first))
        adder = MaskAdder(session, overlap="overwrite")
        request, seconds = timed(lambda: adder.request(masks))  # noqa: B023
        frozen.append(seconds)
        prepared, seconds = timed(request)
        computed.append(seconds)
        _, seconds = timed(lambda: adder.add(prepared))  # noqa: B023
        written.append(seconds)
    here = median(frozen) + median(written)
    print(
        f"{name}: {here * 1e3:.1f} ms on the session's thread, "
        f"the first time {(frozen[0] + written[0]) * 1e3:.1f}; "
        f"{median(computed) * 1e3:.0f} ms on any other"
    )


def disks(frames: int, first: int) -> Iterator[tuple[Address, Prediction]]:
    """Masks of 1,000 objects, on a grid of one frame or one in each frame."""
    rows, cols = np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1]
    logits = np.where(rows**2 + cols**2 <= RADIUS**2, 1, -1).astype(np.float32)
    step = 2 * RADIUS + 5
    for i in range(1000):
        top, left = step * (i // 32), step * (i % 32)
        region = Region(top, left, top + len(logits), left + len(logits))
        yield Address(i % frames, first + i), Prediction(logits, 1.0, region)


def click() -> None:
    for count in (0, 200, 1000, 3000):
        session = session_of(1)
        session.replace_prompts(
            {
                Address(0, 2 + i): Prompts.point(i // 64 * 16, i % 64 * 16)
                for i in range(count)
            }
        )
        mask = dict(disks(1, 1))[Address(0, 1)]
        times = []
        for i in range(200):
            _, seconds = timed(lambda: one_click(session, i, mask))  # noqa: B023
            times.append(seconds)
        print(f"click beside {count} open prompts: {median(times) * 1e6:.0f} us")


def one_click(session: AnnotationSession, i: int, mask: Prediction) -> None:
    session.set_prompts(Prompts.point(5, i % 20))
    request = session.request()
    session.accept(Response(request, {session.current: mask}))


def footprints() -> None:
    table = Footprints()
    one = {i: Footprint(Region(i, i, i + 20, i + 20), 300) for i in range(1, 1001)}
    table.load(
        (frame, {frame * 1000 + i: foot for i, foot in one.items()})
        for frame in range(1000)
    )
    kept = 1e-6 * sum(
        array.nbytes
        for index in (table._by_object, table._by_frame)
        for array in (index._keys, index._rows)
    )
    print(f"a million footprints: {kept:.0f} MB")
    objects = ObjectTable()
    for i in range(1, 1_000_001):
        objects.put(i, ObjectInfo())
    _, seconds = timed(objects.free_id)
    print(f"  number of the next object: {seconds * 1e6:.1f} us")
    _, seconds = timed(lambda: table.of_object(500_500))
    print(f"  where an object lies: {seconds * 1e6:.1f} us")


def session_of(frames: int) -> AnnotationSession:
    pixels = np.broadcast_to(np.zeros((), np.uint8), (frames, SIDE, SIDE))
    return AnnotationSession(PromptableImage(Frames(pixels, "tyx"), ThresholdBackend()))


def commit_at(session: AnnotationSession, frame: int) -> None:
    at = session.current = Address(frame, 1)
    session.set_prompts(Prompts.point(5, 5))
    mask = dict(disks(1, 1))[Address(0, 1)]
    session.accept(Response(session.request(), {at: mask}))
    session.commit()


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Do something, and return the seconds that this thread computed for it."""
    start = time.thread_time()
    result = call()
    return result, time.thread_time() - start


def memory() -> float:
    """Memory that this process has now, in MB."""
    pages = Path("/proc/self/statm").read_text().split()[1]
    return int(pages) * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
