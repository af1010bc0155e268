"""Configs: the sizes of a Segment Anything model.

Kirillov et al. 2023, "Segment Anything", appendix A describes the three plain vision
transformers; Zhang et al. 2023, "Faster Segment Anything", replaces the encoder by a
TinyViT and keeps everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

#: What names of SAM-HQ begin with; the rest is that of the model it refines.
HIGH_QUALITY = "sam_hq_"
_SIZES = ("vit_t", "vit_b", "vit_l", "vit_h")
#: Models of Segment Anything, and of SAM-HQ, by name.
PUBLISHED = (*_SIZES, *(HIGH_QUALITY + size for size in _SIZES))


@dataclass(frozen=True)
class VitConfig:
    """A plain vision transformer with windows and a few global blocks.

    Attributes
    ----------
    embed_dim, depth, num_heads
        Width, number of blocks, and heads of each block.
    global_attn_indexes
        The blocks that attend to the whole image; the others stay in windows.
    window_size
        Side of a window, in patches.
    patch_size
        Side of a patch, in pixels: the stride of the embedding.
    mlp_ratio
        Width of a block's hidden layer relative to `embed_dim`.
    """

    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    global_attn_indexes: tuple[int, ...] = (2, 5, 8, 11)
    window_size: int = 14
    patch_size: int = 16
    mlp_ratio: float = 4.0

    @property
    def early_dim(self) -> int:
        """Width of the early features."""
        return self.embed_dim


@dataclass(frozen=True)
class TinyVitConfig:
    """Four stages: the first of convolutions, the others of attention in windows.

    Attributes
    ----------
    embed_dims, depths, num_heads, window_sizes
        One number per stage. The first of `num_heads` and of `window_sizes` is
        unused, as the first stage has no attention.
    mlp_ratio, expand_ratio
        Hidden widths of the attention blocks and of the convolution blocks.
    """

    embed_dims: tuple[int, int, int, int] = (64, 128, 160, 320)
    depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    num_heads: tuple[int, int, int, int] = (2, 4, 5, 10)
    window_sizes: tuple[int, int, int, int] = (7, 7, 14, 7)
    mlp_ratio: float = 4.0
    expand_ratio: float = 4.0

    @property
    def patch_size(self) -> int:
        """The stride of the embedding: only four of the five halvings remain."""
        return 16

    @property
    def early_dim(self) -> int:
        """Width of the early features: the second stage makes the third's input."""
        return self.embed_dims[2]


@dataclass(frozen=True)
class SamConfig:
    """Everything that decides the names and shapes of a model's parameters.

    Attributes
    ----------
    encoder
        The image encoder.
    image_size
        Side of the square the encoder sees, in pixels.
    prompt_dim
        Width of embeddings and tokens.
    mask_in_channels
        Hidden channels of the mask prompt's embedding.
    decoder_depth, decoder_heads, decoder_mlp_dim
        The two-way transformer.
    num_multimask_outputs
        Masks offered for an ambiguous prompt; one more token serves clear ones.
    iou_head_depth, iou_head_dim
        The head that predicts how good each mask is.
    high_quality
        Whether the mask decoder is that of SAM-HQ.
    """

    encoder: VitConfig | TinyVitConfig = field(default_factory=VitConfig)
    image_size: int = 1024
    prompt_dim: int = 256
    mask_in_channels: int = 16
    decoder_depth: int = 2
    decoder_heads: int = 8
    decoder_mlp_dim: int = 2048
    num_multimask_outputs: int = 3
    iou_head_depth: int = 3
    iou_head_dim: int = 256
    high_quality: bool = False

    @property
    def embedding_size(self) -> int:
        """Side of the image embedding."""
        return self.image_size // self.encoder.patch_size

    @classmethod
    def named(cls, name: str) -> SamConfig:
        """Return the sizes of one of `PUBLISHED`."""
        plain = name.removeprefix(HIGH_QUALITY)
        found: SamConfig = getattr(cls, plain)()
        return replace(found, high_quality=plain != name)

    @classmethod
    def vit_b(cls) -> SamConfig:
        """Return the base model: 91 million parameters in the encoder."""
        return cls(VitConfig())

    @classmethod
    def vit_l(cls) -> SamConfig:
        """Return the large model: 308 million."""
        return cls(VitConfig(1024, 24, 16, (5, 11, 17, 23)))

    @classmethod
    def vit_h(cls) -> SamConfig:
        """Return the huge model: 636 million."""
        return cls(VitConfig(1280, 32, 16, (7, 15, 23, 31)))

    @classmethod
    def vit_t(cls) -> SamConfig:
        """Return MobileSAM's model: 6 million in the encoder (TinyViT)."""
        return cls(TinyVitConfig())

    @classmethod
    def tiny(cls) -> SamConfig:
        """Return a plain transformer for tests: small, but with all that matters.

        Its 16 x 16 grid does not divide into windows of 14, so there is padding.
        """
        return cls(VitConfig(64, 4, 4, (2,)), image_size=256)

    @classmethod
    def tiny_vit_t(cls) -> SamConfig:
        """Return a narrow TinyViT for tests."""
        encoder = TinyVitConfig((16, 32, 40, 80), (1, 1, 2, 1), (1, 2, 2, 4))
        return cls(encoder, image_size=256)
