"""Files: images, labels, prompts and pictures. Each name is imported on first use."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_sam.io.canvas import label_canvas
    from napari_sam.io.checking import check_pairs, iter_check_pairs
    from napari_sam.io.images import Image, read_image
    from napari_sam.io.labels import check_labels_path, write_labels
    from napari_sam.io.objects import prompts_of_labels
    from napari_sam.io.overlay import (
        check_picture_path,
        compose,
        draw_overlay,
        encode_picture,
        write_overlay,
        write_picture,
    )
    from napari_sam.io.pairs import Pair, read_pairs
    from napari_sam.io.prompts import read_prompts, read_prompts_on, write_prompts
    from napari_sam.io.reading.folder import images_in

__all__ = [
    "Image",
    "Pair",
    "check_labels_path",
    "check_pairs",
    "check_picture_path",
    "compose",
    "draw_overlay",
    "encode_picture",
    "images_in",
    "iter_check_pairs",
    "label_canvas",
    "prompts_of_labels",
    "read_image",
    "read_pairs",
    "read_prompts",
    "read_prompts_on",
    "write_labels",
    "write_overlay",
    "write_picture",
    "write_prompts",
]

_ROOMS = {
    "Image": "images",
    "Pair": "pairs",
    "check_labels_path": "labels",
    "check_pairs": "checking",
    "check_picture_path": "overlay",
    "compose": "overlay",
    "draw_overlay": "overlay",
    "encode_picture": "overlay",
    "images_in": "reading.folder",
    "iter_check_pairs": "checking",
    "label_canvas": "canvas",
    "prompts_of_labels": "objects",
    "read_image": "images",
    "read_pairs": "pairs",
    "read_prompts": "prompts",
    "read_prompts_on": "prompts",
    "write_labels": "labels",
    "write_overlay": "overlay",
    "write_picture": "overlay",
    "write_prompts": "prompts",
}


def __getattr__(name: str) -> Any:
    """Import a name on first use."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
