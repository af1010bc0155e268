"""CPU time of `pocket`: the first mask on an image, and each further prompt.

::

    python benchmarks/pocket.py

Images are made up, objects are found by the model itself; the figures are process CPU
time on one thread, the median of several, after one warm-up.
"""

import statistics
import time

import numpy as np
import torch

import napari_sam as sam


def picture(size: int) -> np.ndarray:
    """Bright discs 12 to 30 pixels wide, one every 48 pixels, on a noisy ground."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:size, :size]
    radius = 6 + 9 * rng.random((size // 48 + 1, size // 48 + 1))
    away = np.hypot(y % 48 - 24, x % 48 - 24)
    inside = away < radius[y // 48, x // 48]
    return (
        (60 + 100 * inside + rng.normal(0, 8, inside.shape)).clip(0, 255).astype("u1")
    )


def cpu_ms(image: sam.PromptableImage, prompts: sam.Prompts) -> float:
    start = time.process_time()
    np.count_nonzero(image.segment(prompts).mask)
    return (time.process_time() - start) * 1e3


def measure(size: int, repeats: int = 9) -> None:
    backend = sam.load_backend("pocket", device="cpu")
    pixels = picture(size)
    cpu_ms(sam.PromptableImage(pixels, backend), sam.Prompts().point(24, 24))
    first, click, box, refined = [], [], [], []
    for i in range(repeats):
        image = sam.PromptableImage(pixels, backend)
        at = 24 + 48 * (i % 4)
        here = sam.Prompts().point(at, at + 48)
        around = sam.Prompts().rectangle(at - 16, at + 32, at + 16, at + 64)
        first.append(cpu_ms(image, sam.Prompts().point(at, at)))
        click.append(cpu_ms(image, here))
        box.append(cpu_ms(image, around))
        refined.append(cpu_ms(image, here.point(at + 20, at + 48, positive=False)))
    rows = {"first mask": first, "click": click, "box": box, "further click": refined}
    for name, times in rows.items():
        median, worst = statistics.median(times), max(times)
        print(f"{size:5} x {size:<5} {name:14} {median:7.1f} ms   (most {worst:.1f})")


if __name__ == "__main__":
    torch.set_num_threads(1)
    for side in (256, 512, 1024):
        measure(side)
