"""Two workers of a job beside two processes that know nothing of each other.

    python benchmarks/jobs.py

Both embed the same tiles of one stack into an empty store, on one thread each. What is
counted is steady work: from when each has done its first task of four tiles to the last
tile of all. The two ways take turns, and the ratio of the best of each is printed.
On a machine that is busy with other things the clock says little: the last column is
the ratio of CPU time, of all processes from their start to their end.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from itertools import islice
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from _measure import print_row

from napari_sam.core.progress import drain
from napari_sam.image import PromptableImage
from napari_sam.image.selection import select_tiles
from napari_sam.io import read_image
from napari_sam.jobs import EmbedJob, Executor, ImageSpec, ModelSpec, embed_images
from napari_sam.jobs.image_spec import open_image

#: Side of a plane, planes, rounds.
CASES = {"pocket": (1024, 48, 3), "ViT-B, random": (1024, 24, 2)}
FIRST = 4


def load(name, **_):
    from napari_sam.api import load_backend

    if name == "pocket":
        return load_backend("pocket", device="cpu")
    import torch

    from napari_sam.backends.sam import SamBackend
    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    torch.manual_seed(0)
    return SamBackend(build_sam(SamConfig.vit_b()), precision="float32")


def image_spec_of(case: str, path: Path, store: Path) -> ImageSpec:
    image = PromptableImage(read_image(path, axes="tyx").frames, load(case))
    return ImageSpec.of(
        image, str(path), ModelSpec(load, case), axes="tyx", store=str(store)
    )


def frames_of(spec: ImageSpec):
    return read_image(spec.path, axes="tyx").frames


def tiles_of(spec: ImageSpec):
    return select_tiles(
        frames_of(spec), spec.tiling, region=None, only=None, levels=(0,),
        near=None, mask=None, background=None,
    )  # fmt: skip


def by_workers(spec: ImageSpec) -> tuple[int, float]:
    work = embed_images([EmbedJob(spec, tiles_of(spec))], Executor(2))
    steps = []
    found = drain(work, lambda step: steps.append((step.done, time.perf_counter())))
    assert not found.failed, found.failed
    (before, start), (after, end) = steps[1], steps[-1]
    return after - before, end - start


def half(spec: ImageSpec, frames: list[int], told) -> None:
    from napari_sam.backends.devices import use_threads

    image = open_image(spec)
    use_threads(1)
    work = image.iter_embed(frames=frames, batch=1)
    list(islice(work, FIRST))
    told.put(time.perf_counter())
    for _ in work:
        pass
    told.put(time.perf_counter())


def by_two_loops(spec: ImageSpec) -> tuple[int, float]:
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    count = len(frames_of(spec))
    halves = [list(range(count // 2)), list(range(count // 2, count))]
    loops = [
        context.Process(target=half, args=(spec.for_workers(1), h, told))
        for h in halves
    ]
    for loop in loops:
        loop.start()
    times = sorted(told.get() for _ in range(4))
    for loop in loops:
        loop.join()
    return len(tiles_of(spec)) - 2 * FIRST, times[-1] - times[1]


def cpu() -> float:
    used = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(u.ru_utime + u.ru_stime for u in used)


def main() -> None:
    rate = "workers, tiles/s", "loops, tiles/s", "ratio"
    head = ["model", "tiles counted", *rate, "ratio by CPU time"]
    print_row(head)
    print_row(["---"] * len(head))
    for case, (side, count, rounds) in CASES.items():
        if len(sys.argv) > 1 and sys.argv[1] not in case:
            continue
        with TemporaryDirectory() as folder:
            path = Path(folder) / "stack.npy"
            pixels = np.random.default_rng(0).integers(0, 255, (count, side, side))
            np.save(path, pixels.astype(np.uint8))
            rates: dict[str, float] = {}
            costs: dict[str, float] = {}
            counted: dict[str, str] = {}
            for turn in range(rounds):
                for way in (by_two_loops, by_workers):
                    name = way.__name__
                    store = Path(folder) / f"{name}-{turn}.zarr"
                    spec = image_spec_of(case, path, store)
                    before = cpu()
                    tiles, seconds = way(spec)
                    counted[name] = str(tiles)
                    costs[name] = min(costs.get(name, inf), cpu() - before)
                    rates[name] = max(rates.get(name, 0.0), tiles / seconds)
            ours, theirs = rates["by_workers"], rates["by_two_loops"]
            cost = costs["by_two_loops"] / costs["by_workers"]
            ratios = f"{ours / theirs:.2f}", f"{cost:.2f}"
            figures = f"{ours:.2f}", f"{theirs:.2f}", *ratios
            tiles_of = f"{counted['by_workers']} / {counted['by_two_loops']}"
            print_row([case, tiles_of, *figures])


if __name__ == "__main__":
    main()
