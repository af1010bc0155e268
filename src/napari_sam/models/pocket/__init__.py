"""`pocket`: a small promptable model that ships in the wheel.

The same three parts as the paper's SAM, narrowed for a laptop's CPU: a convolutional
encoder with features at four strides, a prompt encoder, and a two-way mask decoder.
Three things differ from SAM, each for small objects:

* positions are encoded in working pixels, not as a share of the image, so that what
  was learnt on small crops holds on large ones;
* clicks, boxes, strokes and the previous mask also enter as *maps* at stride 4, and
  their features join the decoder's upscaling, as the encoder's do;
* a prompt sees a context window around it, and masks are decoded at stride 2 only
  where the object may be, which a mask at stride 16 says (`WindowDecoder`).

Shapes: B images, N prompts, T tokens, D token width, C channels, H W rows and columns
of the stride-16 grid (so that stride 4 is 4H x 4W), P points, M masks.
"""

from napari_sam.models.pocket.config import (
    BOTTOM_RIGHT,
    GRID,
    MAPS,
    NEGATIVE,
    PADDING,
    POSITIVE,
    TOP_LEFT,
    WORKING_SIZE,
    Features,
    PocketConfig,
    working_scale,
)
from napari_sam.models.pocket.context_window import PocketPrompts
from napari_sam.models.pocket.instance_head import InstanceHead
from napari_sam.models.pocket.local_maps import LocalMaps
from napari_sam.models.pocket.pocket import (
    HEAD,
    DecoderOutput,
    Pocket,
    fused,
)
from napari_sam.models.pocket.prompt_encoder import prompt_maps
from napari_sam.models.pocket.window_decoder import OUTSIDE, WindowDecoder

__all__ = [
    "BOTTOM_RIGHT",
    "GRID",
    "HEAD",
    "MAPS",
    "NEGATIVE",
    "OUTSIDE",
    "PADDING",
    "POSITIVE",
    "TOP_LEFT",
    "WORKING_SIZE",
    "DecoderOutput",
    "Features",
    "InstanceHead",
    "LocalMaps",
    "Pocket",
    "PocketConfig",
    "PocketPrompts",
    "WindowDecoder",
    "fused",
    "prompt_maps",
    "working_scale",
]
