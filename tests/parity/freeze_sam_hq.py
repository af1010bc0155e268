"""Writes `sam_hq.npz`: what the released mask decoder of SAM-HQ answers.

It is run by hand, where the wheel of segment-anything-hq 0.3 can be imported, with
stand-ins for torchvision and timm, of which it only imports names:

    PYTHONPATH=WHEEL:STAND_INS:tests/parity python tests/parity/freeze_sam_hq.py
"""

from pathlib import Path

import numpy as np
import torch
from sam_hq_inputs import decoder_weights, inputs
from segment_anything_hq.modeling.mask_decoder_hq import MaskDecoderHQ
from segment_anything_hq.modeling.transformer import TwoWayTransformer


def frozen():
    """Return logits and scores of two prompts, for clear and ambiguous ones."""
    model = MaskDecoderHQ(
        transformer_dim=256,
        transformer=TwoWayTransformer(
            depth=2, embedding_dim=256, mlp_dim=2048, num_heads=8
        ),
        vit_dim=768,
    ).eval()
    model.load_state_dict(decoder_weights(model.state_dict()))
    given, found = inputs(), {}
    for name, several in (("clear", False), ("ambiguous", True)):
        answers = [
            model(
                image_embeddings=given["image"],
                image_pe=given["positions"],
                sparse_prompt_embeddings=given["sparse"][i : i + 1],
                dense_prompt_embeddings=given["dense"][i : i + 1],
                multimask_output=several,
                hq_token_only=False,
                interm_embeddings=[given["early"].permute(0, 2, 3, 1)],
            )
            for i in range(2)
        ]
        found[f"{name}_logits"] = torch.stack([mask[0, 0] for mask, _ in answers])
        found[f"{name}_scores"] = torch.stack([score[0, 0] for _, score in answers])
    return found


if __name__ == "__main__":
    with torch.inference_mode():
        arrays = {name: x.numpy().astype(np.float32) for name, x in frozen().items()}
    np.savez_compressed(Path(__file__).with_name("sam_hq.npz"), **arrays)
