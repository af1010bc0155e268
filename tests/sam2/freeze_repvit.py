"""Writes `repvit.npz`: what timm's RepViT-M1 makes of a small image.

It is run by hand, where timm 1.0.31 can be imported:

    python tests/sam2/freeze_repvit.py

Weights are drawn by name (`repvit_weights`), so the tests draw the same.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import timm
import torch
from conftest import repvit_weights

if __name__ == "__main__":
    model = timm.create_model(
        "repvit_m1", features_only=True, out_indices=(0, 1, 2, 3)
    ).eval()
    shapes = {n: tuple(v.shape) for n, v in model.state_dict().items()}
    model.load_state_dict(repvit_weights(shapes))
    image = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(5))
    with torch.inference_mode():
        found = [x[0, :8].numpy() for x in model(image)]
    kept = {f"stage_{i}": x.astype(np.float32) for i, x in enumerate(found)}
    np.savez_compressed(Path(__file__).with_name("repvit.npz"), **kept)
