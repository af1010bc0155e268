"""An image layer of napari as an image that can be annotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.open_image import OpenImage
from napari_sam.apps.dock.binding import LayerBinding
from napari_sam.io import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Image as ImageLayer

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.images.frames import Frames
    from napari_sam.session.labels.arrays import LabelArray

#: Where a layer keeps its session: it lives as long as the layer does.
_ATTRIBUTE = "_napari_sam_image"


class LayerSource:
    """An image layer, and the layers of ours that show its session, by viewer.

    Attributes
    ----------
    geometry
        How the layer lies in the world.
    """

    def __init__(self, geometry: PlaneGeometry) -> None:
        self.geometry = geometry
        self._bindings: dict[int, tuple[LayerBinding, int]] = {}

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""
        return self.geometry.frames

    @property
    def name(self) -> str:
        """Name of the layer."""
        return str(self.geometry.layer.name)

    def describe(self) -> Image:
        """Describe the image as a file would: where it lies, and its pixels' size.

        What our reader found in a file comes first; a layer that was turned or sheared
        is described without that, since files of labels cannot say it.
        """
        layer: ImageLayer = self.geometry.layer
        known = layer.metadata.get("napari_sam_image")
        if isinstance(known, Image):
            return known
        axes = self.frames.axes
        own = axes[:-1] if layer.rgb else axes
        units = {a: str(unit) for a, unit in zip(own, layer.units, strict=True)}
        shift = zip(own, layer.translate, strict=True)
        return Image(
            data=self.frames.data,
            axes=axes,
            scale={a: float(s) for a, s in zip(own, layer.scale, strict=True)},
            units={a: unit for a, unit in units.items() if unit not in ("pixel", "")},
            translation={a: float(t) for a, t in shift},
        )

    def bind(self, viewer: ViewerModel, image: OpenImage) -> LayerBinding:
        """Show the session in a viewer, or share the layers that show it there."""
        binding, users = self._bindings.get(id(viewer), (None, 0))
        if binding is None:
            binding = LayerBinding(viewer, image.session, self.geometry)
            binding.start()
        self._bindings[id(viewer)] = binding, users + 1
        return binding

    def release(self, viewer: ViewerModel) -> None:
        """Show it no more in a viewer, unless another widget there does."""
        binding, users = self._bindings.pop(id(viewer))
        if users > 1:
            self._bindings[id(viewer)] = binding, users - 1
        else:
            binding.close()


def open_layer(
    geometry: PlaneGeometry,
    *,
    channels: Sequence[int] | None = None,
    labels: LabelArray | None = None,
) -> OpenImage:
    """Return what is annotated on an image layer; a new session if nothing is."""
    known: OpenImage | None = getattr(geometry.layer, _ATTRIBUTE, None)
    if known is not None and _same(source_of(known).geometry, geometry):
        if channels is not None:
            known.channels = tuple(channels)
        return known
    image = OpenImage.of(LayerSource(geometry), channels, labels)
    setattr(geometry.layer, _ATTRIBUTE, image)
    return image


def lend_layer(layer: ImageLayer) -> OpenImage | None:
    """Take a layer's session aside, so that another one can begin on it.

    Returns
    -------
    What was annotated on it, whose journal goes on; None if nothing was.
    """
    known: OpenImage | None = getattr(layer, _ATTRIBUTE, None)
    setattr(layer, _ATTRIBUTE, None)
    if known is not None:
        known.is_aside = True
    return known


def return_layer(layer: ImageLayer, image: OpenImage | None) -> None:
    """Give a layer back the session that was taken aside; None for no session."""
    setattr(layer, _ATTRIBUTE, image)


def source_of(image: OpenImage) -> LayerSource:
    """Return the layer of an image that `open_layer` opened."""
    assert isinstance(image.source, LayerSource)
    return image.source


def _same(one: PlaneGeometry, other: PlaneGeometry) -> bool:
    return (one.frames.axes, tuple(one.frames.data.shape)) == (
        other.frames.axes,
        tuple(other.frames.data.shape),
    )
