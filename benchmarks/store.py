"""Embeddings on disk: bytes, time from a store to a mask, errors of half precision.

    python benchmarks/store.py

One embedding of a square photograph by `pocket`, and one by a ViT-B of random weights.
"plain zarr" is an array of float32 in zarr's own codec, one chunk, without checksums,
as other programs keep embeddings. The disk's pages are in memory, as after a first
read. "read" is what a mask from a store takes beyond decoding: a `get` and the decoding
of what it gave, less the decoding of an embedding in memory. The fastest of 15 each.
Other programs on the machine disturb the clock more than they disturb CPU time.
"""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
import zarr
from _measure import print_row
from skimage.data import astronaut

from napari_sam.api import load_backend
from napari_sam.backends.sam import SamBackend
from napari_sam.core.embedding import EmbeddingKey
from napari_sam.core.prompts import Prompts
from napari_sam.models.config import SamConfig
from napari_sam.models.sam import build_sam
from napari_sam.stores.layout import from_stored, to_stored
from napari_sam.stores.zarr_store import ZarrStore
from napari_sam.synthetic import draw_scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from napari_sam.core.embedding import Embedding
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.protocols import Backend

PLANES = range(16)
KEY = EmbeddingKey(
    "model", "whole", (len(PLANES), 0, 1), (0, 0, 0), "pixels", (512, 512)
)
CLICK = Prompts.point(120, 250)


class PlainZarr:
    """Arrays of float32 in a zarr group, as zarr makes them unless told otherwise."""

    def __init__(self, path: Path) -> None:
        self.root = zarr.open_group(path, mode="a")

    def put(self, key: EmbeddingKey, embedding: Embedding) -> None:
        for name, array in embedding.items():
            if name not in self.root:
                self.root.create_array(
                    name,
                    shape=(len(PLANES), *array.shape),
                    chunks=(1, *array.shape),
                    dtype=array.dtype,
                )
            self.root[name][key.at[0]] = array

    def get(self, key: EmbeddingKey) -> Embedding:
        return {name: array[key.at[0]] for name, array in self.root.arrays()}


def backends() -> dict[str, Backend]:
    torch.manual_seed(0)
    vit_b = SamBackend(build_sam(SamConfig.vit_b()), name="vit_b", precision="float32")
    return {"pocket": load_backend("pocket"), "ViT-B, random": vit_b}


def timed_once(work: Callable[[], Any]) -> tuple[float, float]:
    """Milliseconds of CPU time, and by the clock."""
    cpu, clock = time.process_time(), time.perf_counter()
    work()
    return 1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - clock)


def size(path: Path) -> int:
    chunks = (f for f in path.rglob("*") if f.is_file() and f.name != "zarr.json")
    return sum(f.stat().st_size for f in chunks)


def measure(name: str, backend: Backend, embedding: Embedding) -> None:
    raw = sum(a.nbytes for a in embedding.values())
    ways: dict[str, Callable[[Path], Any]] = {
        "plain zarr float32": PlainZarr,
        "ours float32": lambda path: ZarrStore(path, memory=1, precision="float32"),
        "ours float16": lambda path: ZarrStore(path, memory=1),
    }
    for way, opened in ways.items():
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "cells.zarr"
            store = opened(path)
            times = [timed_once(partial(put, store, embedding, i)) for i in PLANES]
            write = np.min(times[1:], axis=0)
            read = beyond_decoding(opened(path), backend, embedding)
            stored = size(path) / len(PLANES)
        print_row(
            [
                name,
                way,
                f"{stored / 1e6:.2f}",
                f"{raw / stored:.2f}",
                *(f"{milliseconds:.0f}" for milliseconds in (*write, *read)),
            ]
        )


def put(store: Any, embedding: Embedding, plane: int) -> None:
    store.put(replace(KEY, at=(plane, 0, 0)), embedding)


def beyond_decoding(store: Any, backend: Backend, embedding: Embedding) -> np.ndarray:
    """Milliseconds from a store to a mask, less those of the decoder."""

    def decode(found: Embedding) -> None:
        assert backend.decode(found, [CLICK])[0].mask.any()

    alone, whole = [], []
    for plane in PLANES:
        key = replace(KEY, at=(plane, 0, 0))
        alone.append(timed_once(lambda: decode(embedding)))
        whole.append(timed_once(lambda k=key: decode(store.get(k))))
    return np.min(whole[1:], axis=0) - np.min(alone[1:], axis=0)


def half(embedding: Embedding) -> Embedding:
    layout, kept = to_stored(embedding, "float16")
    return {part.name: from_stored(part, kept[part.name]) for part in layout.arrays}


def asked_about(labels: np.ndarray) -> Iterable[Prompts]:
    for label in np.unique(labels[labels > 0])[:6]:
        rows, cols = np.nonzero(labels == label)
        yield Prompts.point(int(rows[len(rows) // 2]), int(cols[len(rows) // 2]))
        yield Prompts.rectangle(rows.min(), cols.min(), rows.max() + 1, cols.max() + 1)


def flipped(one: Prediction, other: Prediction, threshold: float) -> tuple[int, int]:
    """Pixels that differ, and pixels, over all candidates."""
    differ = pixels = 0
    for a, b in zip(one.candidates, other.candidates, strict=True):
        masks = np.zeros((2, *one.tile.shape), bool)
        for mask, found in zip(masks, (a, b), strict=True):
            found = found.with_threshold(threshold)
            mask[found.region.slices] = found.mask
        differ, pixels = differ + np.sum(masks[0] != masks[1]), pixels + masks[0].size
    return differ, pixels


def compare(
    name: str,
    backend: Backend,
    embeddings: Iterable[tuple[Embedding, list[Prompts]]],
    *,
    by_median: bool = False,
) -> None:
    differ = pixels = 0
    for embedding, asked in embeddings:
        pairs = zip(
            backend.decode(embedding, asked),
            backend.decode(half(embedding), asked),
            strict=True,
        )
        for one, other in pairs:
            at = float(np.median(one.logits)) if by_median else 0.0
            found = flipped(one, other, at)
            differ, pixels = differ + found[0], pixels + found[1]
    print_row([name, f"{pixels / 1e6:.1f} M", str(differ), f"{differ / pixels:.1e}"])


def main() -> None:
    torch.set_num_threads(1)
    made = backends()
    photograph = np.ascontiguousarray(astronaut())
    found = {name: b.encode([photograph])[0] for name, b in made.items()}
    print(
        f"{os.cpu_count()} CPUs, zarr {zarr.__version__}; load {os.getloadavg()[0]:.1f}"
    )
    head = ["embedding", "store", "MB", "ratio"]
    head += ["write, CPU ms", "by the clock", "read, CPU ms", "by the clock"]
    print_row(head)
    print_row(["---"] * len(head))
    for name, backend in made.items():
        measure(name, backend, found[name])
    print()
    head = ["masks of", "pixels", "differ in half precision", "part"]
    print_row(head)
    print_row(["---"] * len(head))
    scenes = [draw_scene(seed) for seed in range(12)]
    pocket, vit_b = made.values()
    compare(
        "pocket, synthetic scenes",
        pocket,
        ((pocket.encode([s.image])[0], list(asked_about(s.labels))) for s in scenes),
    )
    rng = np.random.default_rng(0)
    points = [Prompts.point(*map(float, rng.uniform(0, 511, 2))) for _ in range(8)]
    cases = [(found["ViT-B, random"], points)]
    compare("ViT-B, random, above 0", vit_b, cases)
    compare("ViT-B, random, above the median", vit_b, cases, by_median=True)


if __name__ == "__main__":
    main()
