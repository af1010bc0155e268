"""Writes `official.json` and `official.npz`: what Meta's code makes of small models.

It is run by hand, where the wheel of the package rf-sam-2 1.0.3 (Meta's code, unchanged
but for its name) can be imported, with stand-ins for hydra and iopath, of which it only
imports names:

    PYTHONPATH=WHEEL:STAND_INS:tests/sam2 python tests/sam2/freeze_official.py

Weights are drawn by name (`official_weights`), so the tests draw the same.
"""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import torch
from conftest import SIZE, official_weights
from sam2.modeling.backbones.hieradet import Hiera
from sam2.modeling.backbones.image_encoder import FpnNeck, ImageEncoder
from sam2.modeling.memory_attention import MemoryAttention, MemoryAttentionLayer
from sam2.modeling.memory_encoder import CXBlock, Fuser, MaskDownSampler, MemoryEncoder
from sam2.modeling.position_encoding import PositionEmbeddingSine
from sam2.modeling.sam.transformer import RoPEAttention
from sam2.modeling.sam2_base import SAM2Base

HERE, DIM, FRAMES = Path(__file__).parent, 128, 18
#: Every how many rows and columns of logits are kept.
STEP = 4


def network(newer):
    """The sizes of `tiny_config`."""
    backbone = Hiera(
        embed_dim=16,
        stages=(1, 1, 3, 1),
        global_att_blocks=(3,),
        window_pos_embed_bkg_spatial_size=(4, 4),
        window_spec=(8, 4, 8, 4),
    )
    neck = FpnNeck(
        position_encoding=PositionEmbeddingSine(num_pos_feats=DIM),
        d_model=DIM,
        backbone_channel_list=[128, 64, 32, 16],
        fpn_top_down_levels=[2, 3],
        fpn_interp_model="nearest",
    )
    rope = partial(
        RoPEAttention,
        rope_theta=10000.0,
        feat_sizes=(SIZE // 16, SIZE // 16),
        embedding_dim=DIM,
        num_heads=1,
    )
    layer = MemoryAttentionLayer(
        activation="relu",
        cross_attention=rope(rope_k_repeat=True, kv_in_dim=64),
        d_model=DIM,
        dim_feedforward=64,
        dropout=0.1,
        pos_enc_at_attn=False,
        pos_enc_at_cross_attn_keys=True,
        pos_enc_at_cross_attn_queries=False,
        self_attention=rope(),
    )
    memory_encoder = MemoryEncoder(
        out_dim=64,
        mask_downsampler=MaskDownSampler(
            embed_dim=DIM, kernel_size=3, stride=2, padding=1
        ),
        fuser=Fuser(CXBlock(DIM, kernel_size=7, padding=3), num_layers=2),
        position_encoding=PositionEmbeddingSine(num_pos_feats=64),
        in_dim=DIM,
    )
    return SAM2Base(
        ImageEncoder(backbone, neck, scalp=1),
        MemoryAttention(DIM, True, layer, 2),
        memory_encoder,
        image_size=SIZE,
        sigmoid_scale_for_mem_enc=20.0,
        sigmoid_bias_for_mem_enc=-10.0,
        binarize_mask_from_pts_for_mem_enc=True,
        use_mask_input_as_output_without_sam=True,
        directly_add_no_mem_embed=True,
        no_obj_embed_spatial=newer,
        use_high_res_features_in_sam=True,
        multimask_output_in_sam=True,
        iou_prediction_use_sigmoid=True,
        use_obj_ptrs_in_encoder=True,
        add_tpos_enc_to_obj_ptrs=newer,
        proj_tpos_enc_in_obj_ptrs=newer,
        use_signed_tpos_enc_to_obj_ptrs=newer,
        only_obj_ptrs_in_the_past_for_eval=True,
        pred_obj_scores=True,
        pred_obj_scores_mlp=True,
        fixed_no_obj_ptr=True,
        multimask_output_for_tracking=True,
        use_multimask_token_for_obj_ptr=True,
        multimask_min_pt_num=0,
        multimask_max_pt_num=1,
        use_mlp_for_obj_ptr_proj=True,
        sam_mask_decoder_extra_args={
            "dynamic_multimask_via_stability": True,
            "dynamic_multimask_stability_delta": 0.05,
            "dynamic_multimask_stability_thresh": 0.98,
        },
    ).eval()


def squares():
    """Frames as the image encoder takes them."""
    generator = torch.Generator().manual_seed(7)
    return torch.randn(FRAMES, 3, SIZE, SIZE, generator=generator)


def masks():
    """Masks of two objects on the first frame."""
    found = torch.zeros(2, 1, SIZE, SIZE)
    found[0, 0, 20:60, 30:70] = 1
    found[1, 0, 70:110, 60:120] = 1
    return found


def clicked(model, image, points, labels, previous, *, multimask):
    """Logits and scores on an image, as the official image predictor asks for them."""
    features = [
        x.permute(1, 2, 0).view(1, -1, SIZE // n, SIZE // n)
        for x, n in zip(image[0], (4, 8, 16), strict=True)
    ]
    features[2] = features[2] + model.no_mem_embed.view(1, -1, 1, 1)
    sparse, dense = model.sam_prompt_encoder((points, labels), None, previous)
    logits, scores, _, _ = model.sam_mask_decoder(
        image_embeddings=features[2],
        image_pe=model.sam_prompt_encoder.get_dense_pe(),
        sparse_prompt_embeddings=sparse,
        dense_prompt_embeddings=dense,
        multimask_output=multimask,
        repeat_image=False,
        high_res_features=features[:2],
    )
    return logits, scores


def features_of(model, square):
    found = model.forward_image(square[None])
    _, levels, positions, sizes = model._prepare_backbone_features(found)
    return levels, positions, sizes


def followed(model, frames, mask):
    """Logits, scores of presence and pointers of an object through the frames."""
    outputs = {"cond_frame_outputs": {}, "non_cond_frame_outputs": {}}
    for at, square in enumerate(frames):
        levels, positions, sizes = features_of(model, square)
        out = model.track_step(
            at,
            at == 0,
            levels,
            positions,
            sizes,
            None,
            mask if at == 0 else None,
            outputs,
            num_frames=1000,
            run_mem_encoder=False,
        )
        memory, places = model._encode_new_memory(
            levels,
            sizes,
            out["pred_masks_high_res"],
            out["object_score_logits"],
            at == 0,
        )
        # The official video predictor rounds them to bfloat16. Where sums are added in
        # another order, a few are rounded the other way, and no tolerance is small.
        out["maskmem_features"] = memory
        out["maskmem_pos_enc"] = places
        kind = "non_cond_frame_outputs" if at else "cond_frame_outputs"
        outputs[kind][at] = out
    every = {**outputs["cond_frame_outputs"], **outputs["non_cond_frame_outputs"]}
    return [every[at] for at in range(len(frames))]


@torch.inference_mode()
def frozen(version):
    """Everything that a test compares, of SAM 2.1 or of SAM 2."""
    model = network(newer=version == "sam2.1")
    shapes = {n: tuple(v.shape) for n, v in model.state_dict().items()}
    model.load_state_dict(official_weights(version, shapes))
    frames = squares()
    image = features_of(model, frames[0])
    point = torch.tensor([[[30.0, 50.0]]])
    box = torch.tensor([[[20.0, 30.0], [90.0, 100.0], [40.0, 60.0]]])
    kinds = torch.tensor([[2, 3, 1]])
    found = {}
    one, score = clicked(model, image, point, torch.ones(1, 1), None, multimask=True)
    two, other = clicked(model, image, box, kinds, one[:, :1], multimask=False)
    found |= {"click": one[0], "click_scores": score[0]}
    found |= {"box": two[0], "box_scores": other[0]}
    for i, mask in enumerate(masks()):
        out = followed(model, frames, mask[None])
        found[f"followed_{i}"] = torch.cat([o["pred_masks"][0] for o in out])
        found[f"presence_{i}"] = torch.cat([o["object_score_logits"][0] for o in out])
        found[f"pointers_{i}"] = torch.cat([o["obj_ptr"] for o in out])[:, :8]
    every = {
        name: x[..., ::STEP, ::STEP].numpy() if x.dim() == 3 else x.numpy()
        for name, x in found.items()
    }
    return shapes, every


if __name__ == "__main__":
    kept, shapes = {}, {}
    for name in ("sam2.1", "sam2"):
        shapes[name], found = frozen(name)
        kept |= {f"{name}.{n}": x.astype(np.float32) for n, x in found.items()}
    np.savez_compressed(HERE / "official.npz", **kept)
    (HERE / "official.json").write_text(json.dumps(shapes))
