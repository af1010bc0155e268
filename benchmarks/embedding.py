"""Large images beside the reference way of embedding them.

    python benchmarks/embedding.py [--side 4096]

The reference way is a loop over tiles with `segment-anything`'s own predictor: float32,
one tile at a time, its features in a zarr array of its own in zarr's default codec, and
a boolean mask of the whole plane for a click. It is given the tiles that ours takes by
default, so that both encode as often; they fill the encoder's square, so that nothing
is resized. ViT-B has random weights.

"embed" is all tiles of a square image. "reopen" is the first click of another process,
which finds the embedding on disk; what importing and loading the model take is not in
it. "new tile" and "again" are clicks on a plane of 16,384 pixels a side, computed where
it is read, on a tile not seen before and on one that was; memory is what NumPy held at
most for the latter, without what torch takes to decode. Each step has a process of its
own on one thread; time is CPU time. `segment-anything` needs the `test` extra. With
random weights a mask is noise, which would be followed over many tiles: ours is asked
about one, as for any object that fits.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from _measure import ROOT, STAND_IN, print_row
from scale import Virtual

import napari_sam as sam

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiles import Tile

WAYS = ("reference, ViT-B", "ours, ViT-B", "ours, pocket")
LARGE = 16_384
LOOK = sam.Appearance(limits=((0.0, 255.0),))


class Reference:
    """`SamPredictor` in a loop."""

    def __init__(self, folder: Path, side: int) -> None:
        import torch
        import zarr
        from segment_anything import SamPredictor, sam_model_registry

        torch.manual_seed(0)
        self.predictor = SamPredictor(sam_model_registry["vit_b"]().eval())
        self.data, self.side = Virtual(side), side
        self.tiles = sam.Tiling.suited((side, side), 1024, 1024).tiles((side, side))
        self.root = zarr.open_group(folder, mode="a")

    def embed(self) -> None:
        for tile in self.tiles:
            self.encode(tile)

    def encode(self, tile: Tile) -> None:
        import torch

        grey = self.data[tile.window.slices]
        pixels = torch.from_numpy(np.repeat(grey[None, None], 3, 1))
        self.predictor.set_torch_image(pixels, tile.shape)
        features = self.predictor.features.cpu().numpy()
        name = str(tile.index)
        self.root.create_array(name, data=features, chunks=features.shape)

    def click(self, row: int, col: int) -> np.ndarray:
        import torch

        tile = self.tiles.nearest(row, col)
        if str(tile.index) not in self.root:
            self.encode(tile)
        kept = torch.from_numpy(self.root[str(tile.index)][:])
        self.predictor.features, self.predictor.is_image_set = kept, True
        self.predictor.original_size = self.predictor.input_size = tile.shape
        at = np.array([[col - tile.window.left, row - tile.window.top]])
        masks, scores, _ = self.predictor.predict(at, np.array([1]))
        plane = np.zeros((self.side, self.side), bool)
        plane[tile.window.slices] = masks[scores.argmax()]
        return plane


class Ours:
    """A `PromptableImage` with a store."""

    def __init__(self, folder: Path, side: int, model: str) -> None:
        import torch

        from napari_sam.backends.sam import SamBackend
        from napari_sam.models.config import SamConfig
        from napari_sam.models.sam import build_sam

        torch.manual_seed(0)
        self.follows = model == "pocket"
        if model == "pocket":
            backend: Any = sam.load_backend("pocket", device="cpu")
        else:
            backend = SamBackend(build_sam(SamConfig.vit_b()), precision="float32")
        self.image = sam.PromptableImage(
            Virtual(side), backend, appearance=LOOK, store=sam.open_store(folder)
        )

    def embed(self) -> None:
        self.image.embed()

    def click(self, row: int, col: int) -> np.ndarray:
        said = sam.Prompts.point(row, col)
        if self.follows:
            return self.image.segment(said).mask
        tile = self.image.tiles.nearest(row, col)
        local = said.shifted(-tile.window.top, -tile.window.left)
        embedding = self.image.embedding(0, tile)
        (answer,) = self.image.backend.decode(embedding, [local])
        return answer.on_plane(tile, self.image.frames.plane_shape).mask


def opened(way: str, folder: Path, side: int) -> Reference | Ours:
    who, model = way.split(", ")
    if who == "reference":
        return Reference(folder, side)
    return Ours(folder, side, model)


def timed(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def peak() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 1024)


def warm_up(way: str) -> None:
    """Do everything once on another image, as libraries are slow the first time."""
    with tempfile.TemporaryDirectory() as folder:
        opened(way, Path(folder) / "warm.zarr", 1024).click(500, 500)


def embed(way: str, folder: Path, side: int) -> dict[str, float]:
    warm_up(way)
    image = opened(way, folder, side)
    seconds = timed(image.embed)
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())
    return {"seconds": seconds, "peak": peak(), "bytes": size}


def reopen(way: str, folder: Path, side: int) -> dict[str, float]:
    warm_up(way)
    image = opened(way, folder, side)
    return {"seconds": timed(lambda: image.click(side // 2, side // 2))}


def clicks(way: str, folder: Path, side: int) -> dict[str, float]:
    warm_up(way)
    image = opened(way, folder, side)
    at = side // 2 // 64 * 64 + 32
    new = timed(lambda: image.click(at, at))
    again = min(timed(lambda: image.click(at, at + 64)) for _ in range(5))
    tracemalloc.start()
    image.click(at, at + 64)
    held = tracemalloc.get_traced_memory()[1] / 2**20
    return {"new": new, "again": again, "memory": held}


def run(step: str, way: str, folder: Path, side: int) -> dict[str, float]:
    path = [str(ROOT / "src"), os.environ.get("PYTHONPATH", ""), str(STAND_IN)]
    words = [sys.executable, "-W", "ignore", __file__]
    threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    done = subprocess.run(
        [*words, "--step", step, way, str(folder), "--side", str(side)],
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join(path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{step} {way} failed:\n{done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--step", nargs=3)
    given = parser.parse_args()
    if given.step:
        step, way, folder = given.step
        print(json.dumps(globals()[step](way, Path(folder), given.side)))
        return
    head = [f"{given.side} x {given.side}", "embed, s", "MB on disk", "peak MB"]
    head += ["reopen, ms", "new tile, s", "again, ms", "its memory, MB"]
    print_row(head)
    print_row(["---"] * len(head))
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            store, other = Path(folder) / "image.zarr", Path(folder) / "large.zarr"
            made = run("embed", way, store, given.side)
            found = run("reopen", way, store, given.side)
            asked = run("clicks", way, other, LARGE)
        figures = (
            f"{made['seconds']:.1f}",
            f"{made['bytes'] / 1e6:.0f}",
            f"{made['peak']:.0f}",
            f"{1e3 * found['seconds']:.0f}",
            f"{asked['new']:.1f}",
            f"{1e3 * asked['again']:.0f}",
            f"{asked['memory']:.0f}",
        )
        print_row([way, *figures])


if __name__ == "__main__":
    main()
