"""Label images of ours that napari opened as an image: shown as labels instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari.layers import Image, Layer

from napari_sam.apps.dock.reader import read_image_file
from napari_sam.core.errors import NapariSamError
from napari_sam.io.saved_labels import is_saved_labels

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel

#: Where a layer keeps whether its file holds labels of ours.
_ATTRIBUTE = "_napari_sam_labels"


def holds_labels(layer: Layer) -> bool:
    """Whether an image layer was read from labels that we saved."""
    known = getattr(layer, _ATTRIBUTE, None)
    if known is None:
        path = layer.source.path
        known = isinstance(layer, Image) and bool(path) and is_saved_labels(path)
        setattr(layer, _ATTRIBUTE, known)
    return bool(known)


def show_as_labels(
    viewer: ViewerModel, layer: Layer, say: Callable[[str, str], object]
) -> Layer | None:
    """Show the file of an image layer as labels, with the sizes of its pixels.

    napari opens a TIFF itself, as an image, and may not be asked by a second reader.

    Parameters
    ----------
    viewer
        Where the layer is; it is taken out.
    layer
        For which `holds_labels` is true.
    say
        Called with a level and a sentence.
    """
    if layer not in viewer.layers:
        return None
    try:
        found = Layer.create(*read_image_file(layer.source.path)[0])
    except NapariSamError as wrong:
        say("warning", str(wrong))
        return None
    viewer.layers.remove(layer)
    viewer.add_layer(found)
    say("info", f"{found.name} was saved by napari-sam, and is shown as labels.")
    return found
