"""Time and memory of the mask decoder beside the reference implementation.

    python benchmarks/decoder.py

One embedding, 1 or 64 points, multimask, one thread. Needs the `test` extra. The
reference's time contains the encoding of all places, which it does at each call and
we do once.
"""

from __future__ import annotations

import sys

from _measure import Measurement, matmul_peaks, measure, print_row, run

PROMPTS = (1, 64)
CASES = ("reference float32", "reference bfloat16", "ours float32", "ours bfloat16")


def reference(n: int, precision: str) -> None:
    import torch
    from segment_anything import sam_model_registry

    model = sam_model_registry["vit_b"]()
    del model.image_encoder
    dtype = getattr(torch, precision)
    decoder, prompts = model.mask_decoder.to(dtype).eval(), model.prompt_encoder
    points = torch.rand(n, 1, 2) * 1024, torch.ones(n, 1)
    sparse, dense = (x.to(dtype) for x in prompts(points, None, None))
    embedding = torch.randn(1, 256, 64, 64, dtype=dtype)
    measure(
        lambda: decoder(
            image_embeddings=embedding,
            image_pe=prompts.get_dense_pe().to(dtype),
            sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense,
            multimask_output=True,
        ),
        repeats=1 if n > 1 else 10,
    )


def ours(n: int, precision: str) -> None:
    import torch

    from napari_sam.models.config import SamConfig
    from napari_sam.models.precision import fast_float32
    from napari_sam.models.sam import build_sam

    model = build_sam(SamConfig.tiny())  # the decoder is that of every SAM
    model.prompt_encoder.embedding_size, model.prompt_encoder.image_size = 64, 1024
    model.set_precision(getattr(torch, precision))
    sparse, dense = model.prompt_encoder.encode(
        torch.rand(n, 1, 2) * 1024, torch.ones(n, 1)
    )
    embedding = torch.randn(256, 64, 64)
    places = model.prompt_encoder.dense_pe()
    with fast_float32():
        measure(
            lambda: model.mask_decoder.predict(
                embedding, places, sparse, dense, multimask=True
            ),
            repeats=2 if n > 1 else 10,
        )


def work(case: str) -> None:
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    who, precision, n = case.split()
    with torch.inference_mode():
        (ours if who == "ours" else reference)(int(n), precision)


def main() -> None:
    if "--case" in sys.argv:
        work(sys.argv[-1])
        return
    print(matmul_peaks())
    head = ["prompts", "decoder", "CPU-ms", "faster", "peak-MB"]
    print_row(head)
    print_row(["---"] * len(head))
    for n in PROMPTS:
        first: Measurement | None = None
        for case in CASES:
            x = run(__file__, f"{case} {n}")
            first = first or x  # the reference in float32
            faster = f"{first.seconds / x.seconds:.2f}x"
            milliseconds, megabytes = f"{1e3 * x.seconds:.0f}", f"{x.megabytes:.0f}"
            print_row([str(n), case, milliseconds, faster, megabytes])


if __name__ == "__main__":
    main()
