"""Time and memory of the image encoders beside the reference implementations.

    python benchmarks/encoder.py

Random weights, one image of 1024 x 1024, one thread. Needs the `test` extra.
"""

from __future__ import annotations

import sys
from typing import Any

from _measure import Measurement, matmul_peaks, measure, print_row, run

#: Work of one image in GFLOP (two per multiplication and addition). What is only
#: padding is not counted, nor are softmax, GELU and the like.
GFLOP = {"ViT-B": 972, "MobileSAM": 77.5}

CASES = [
    ("ViT-B", "reference float32"),
    ("ViT-B", "reference bfloat16"),
    ("ViT-B", "ours float32"),
    ("ViT-B", "ours bfloat16"),
    ("MobileSAM", "reference float32"),
    ("MobileSAM", "ours float32"),
    ("MobileSAM", "ours bfloat16"),
]


def build_reference(model: str) -> Any:
    if model == "ViT-B":
        from segment_anything import sam_model_registry

        return sam_model_registry["vit_b"]().image_encoder
    from mobile_sam import sam_model_registry as mobile_registry

    return mobile_registry["vit_t"]().image_encoder


def build_ours(model: str, dtype: Any) -> Any:
    """Build as from a memory-mapped checkpoint: no weight is held twice."""
    import torch

    from napari_sam.models.config import SamConfig
    from napari_sam.models.sam import build_sam
    from napari_sam.models.tiny_vit import for_inference

    torch.set_default_dtype(dtype)
    config = SamConfig.vit_b() if model == "ViT-B" else SamConfig.vit_t()
    encoder = build_sam(config).image_encoder
    return encoder if model == "ViT-B" else for_inference(encoder)


def work(case: str) -> None:
    import torch

    from napari_sam.models.precision import fast_float32

    torch.set_num_threads(1)
    torch.manual_seed(0)
    model, who, precision = case.split()
    dtype = getattr(torch, precision)
    if who == "ours":
        encoder = build_ours(model, dtype)
    else:
        encoder = build_reference(model).to(dtype)
    encoder.eval()
    image = torch.randn(1, 3, 1024, 1024, dtype=dtype)
    routed = None if who == "ours" else False
    with torch.inference_mode(), fast_float32(enabled=routed):
        measure(lambda: encoder(image))


def main() -> None:
    if "--case" in sys.argv:
        work(sys.argv[-1])
        return
    print(matmul_peaks())
    head = ["model", "encoder", "CPU-s", "faster", "GFLOP/s", "peak-MB", "of-reference"]
    print_row(head)
    print_row(["---"] * len(head))
    base: dict[str, Measurement] = {}
    for model, case in CASES:
        x = run(__file__, f"{model} {case}")
        first = base.setdefault(model, x)  # the reference in float32
        figures = (
            f"{x.seconds:.2f}",
            f"{first.seconds / x.seconds:.2f}x",
            f"{GFLOP[model] / x.seconds:.0f}",
            f"{x.megabytes:.0f}",
            f"{x.megabytes / first.megabytes:.2f}",
        )
        print_row([model, case, *figures])


if __name__ == "__main__":
    main()
