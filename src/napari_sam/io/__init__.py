"""Files of images, labels, prompts and pictures. Each name is imported on first use."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_sam.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from napari_sam.io.images import Image, read_image, read_label_image
    from napari_sam.io.labels import check_labels_fit, check_labels_path, write_labels
    from napari_sam.io.labels_on_disk import label_array
    from napari_sam.io.object_files import write_objects
    from napari_sam.io.pictures import (
        check_picture_path,
        compose,
        draw_overlay,
        encode_picture,
        write_overlay,
        write_picture,
    )
    from napari_sam.io.prompt_files import read_prompts, read_prompts_on, write_prompts
    from napari_sam.io.prompts_from_labels import prompts_of_labels
    from napari_sam.io.readers.image_folder import images_in

__all__ = [
    "Image",
    "check_labels_fit",
    "check_labels_path",
    "check_picture_path",
    "compose",
    "draw_overlay",
    "encode_picture",
    "images_in",
    "label_array",
    "prompts_of_labels",
    "read_image",
    "read_label_image",
    "read_prompts",
    "read_prompts_on",
    "write_labels",
    "write_objects",
    "write_overlay",
    "write_picture",
    "write_prompts",
]

_MODULES: Mapping[str, str] = MappingProxyType({
    "Image": "images",
    "check_labels_fit": "labels",
    "check_labels_path": "labels",
    "check_picture_path": "pictures",
    "compose": "pictures",
    "draw_overlay": "pictures",
    "encode_picture": "pictures",
    "images_in": "readers.image_folder",
    "label_array": "labels_on_disk",
    "prompts_of_labels": "prompts_from_labels",
    "read_image": "images",
    "read_label_image": "images",
    "read_prompts": "prompt_files",
    "read_prompts_on": "prompt_files",
    "write_labels": "labels",
    "write_objects": "object_files",
    "write_overlay": "pictures",
    "write_picture": "pictures",
    "write_prompts": "prompt_files",
})  # fmt: skip


__getattr__ = lazy_names(__name__, _MODULES)
