"""The paper's generator beside the reference's: CPU seconds and memory of a grid.

    python benchmarks/generator.py [--points 16]

ViT-B with random weights, a picture of 1,024 x 1,024 pixels, a grid of so many points a
side, all thresholds off but that of duplicates; one thread, each in a process of its
own. The image is encoded before: both are given the same embedding. Needs the `test`
extra.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time

import numpy as np
from _measure import print_row, run

SIDE = 1024
POINTS = "NAPARI_SAM_POINTS"


def points():
    return int(os.environ.get(POINTS, "16"))


def embedding():
    return np.random.default_rng(0).normal(size=(256, 64, 64)).astype(np.float32)


def once(work):
    """Do the work once, and print what it took as `measure` does."""
    start = time.process_time()
    found = work()
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kilobytes = peak / 1024 if sys.platform == "darwin" else peak
    print(f"{len(found)} masks", file=sys.stderr)
    print(json.dumps({"seconds": seconds, "megabytes": kilobytes / 1024}))


def picture():
    return np.random.default_rng(1).integers(0, 255, (SIDE, SIDE, 3), np.uint8)


def reference():
    import torch
    from segment_anything import SamAutomaticMaskGenerator, sam_model_registry

    torch.manual_seed(0)
    model = sam_model_registry["vit_b"]().eval()
    encoded = torch.from_numpy(embedding())[None]
    model.image_encoder.forward = lambda _: encoded
    generator = SamAutomaticMaskGenerator(
        model,
        points_per_side=points(),
        pred_iou_thresh=-1e9,
        stability_score_thresh=-1,
        box_nms_thresh=0.7,
    )
    once(lambda: generator.generate(picture()))


def ours():
    import torch

    from napari_sam import PromptableImage
    from napari_sam.automatic import (
        EverythingSettings,
        FilterSettings,
        filter_masks,
        iter_everything,
    )
    from napari_sam.backends.sam import SamBackend
    from napari_sam.core.embedding import Embedding
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.progress import drain
    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam

    torch.manual_seed(0)
    backend = SamBackend(build_sam(SamConfig.vit_b()), device="cpu")
    # Scores of random weights are any numbers: none is too low to be remembered.
    head = backend.model.mask_decoder.iou_prediction_head.layers[-1]
    head.weight.mul_(0.01)
    head.bias.mul_(0).add_(0.9)
    encoded = Embedding({"image": embedding()}, (SIDE, SIDE))
    backend.encode = lambda planes: [encoded for _ in planes]
    image = PromptableImage(picture(), backend, axes="yxc", appearance=Appearance())
    find = EverythingSettings(method="grid", points=points())
    filters = FilterSettings(score=0, stability=0, smallest=0)
    once(lambda: filter_masks(drain(iter_everything(image, settings=find)), filters))


def main():
    if "--case" in sys.argv:
        import torch

        torch.set_num_threads(1)
        {"reference": reference, "ours": ours}[sys.argv[-1]]()
        return
    if "--points" in sys.argv:
        os.environ[POINTS] = sys.argv[-1]
    print(f"{points()} x {points()} points, after encoding")
    print_row(["", "CPU s", "peak MB"])
    print_row(["---", "---", "---"])
    found = {case: run(__file__, case) for case in ("ours", "reference")}
    for case, one in found.items():
        print_row([case, f"{one.seconds:.1f}", f"{one.megabytes:.0f}"])
    one, other = found["ours"], found["reference"]
    print(
        f"\n{other.seconds / one.seconds:.1f} times less time, "
        f"{other.megabytes / one.megabytes:.1f} times less memory"
    )


if __name__ == "__main__":
    main()
