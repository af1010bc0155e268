"""The annotator in a viewer of napari: its layers, mouse and keys."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.batch import BatchSettings
from napari_sam.annotator.drawn_shapes import enclosed
from napari_sam.apps.dock import compat
from napari_sam.apps.dock.folder_navigation import FolderNavigation
from napari_sam.apps.dock.found_layer import FoundLayer
from napari_sam.apps.dock.key_bindings import KeyBindings
from napari_sam.apps.dock.layer_prompts import prompts_of_layer
from napari_sam.apps.dock.layer_source import open_layer, source_of
from napari_sam.apps.dock.measured_layer import MeasuredLayer
from napari_sam.apps.dock.onion_skin import OnionSkin
from napari_sam.apps.dock.plane_geometry import PlaneGeometry
from napari_sam.apps.dock.track_layer import TrackLayer
from napari_sam.core.errors import SessionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.components import ViewerModel
    from napari.layers import Layer
    from napari.utils.events import Event

    from napari_sam.annotator.models import ModelPool
    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.annotator.view_executor import ViewExecutor
    from napari_sam.apps.dock.binding import LayerBinding
    from napari_sam.core.mask import Mask
    from napari_sam.core.protocols import EmbeddingStore
    from napari_sam.session.labels.arrays import LabelArray

#: How a layer is segmented unless the person chose something else.
_BATCH_SETTINGS = BatchSettings()


class DockController:
    """Opens image layers in an annotator, and shows them by layers of ours.

    Parameters
    ----------
    viewer
        A viewer, or its model without a window.
    executor
        Who does what is slow.
    pool
        Opens models.
    store
        Where embeddings are kept. By default, in memory, for each image.

    Attributes
    ----------
    annotator
        What can be done to the image.
    found, tracks, onion
        Layers of masks that were found, of paths, and of the frame before.
    layer, binding
        The image layer that is open, and the layers that show its session, or None.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        executor: ViewExecutor,
        *,
        pool: ModelPool | None = None,
        store: EmbeddingStore | None = None,
    ) -> None:
        self.viewer = compat.unwrapped(viewer)
        self.layer: Layer | None = None
        self.binding: LayerBinding | None = None
        self.annotator = Annotator(executor, self, pool=pool, store=store)
        self.found = FoundLayer(self.viewer, self.annotator)
        self._measured = MeasuredLayer(self.annotator)
        self.tracks = TrackLayer(self.viewer, self.annotator, executor)
        self.onion = OnionSkin(self.viewer, self.annotator)
        self._folder = FolderNavigation(self)
        self._keys = KeyBindings(self.annotator)
        self._keys.bind_viewer(self.viewer)
        self.viewer.mouse_move_callbacks.append(self._on_mouse)
        self.viewer.layers.events.removed.connect(self._on_removed)
        self.viewer.layers.selection.events.active.connect(self._on_active)

    def open(
        self,
        layer: Layer,
        *,
        axes: str | None = None,
        channels: Sequence[int] | None = None,
        labels: LabelArray | None = None,
    ) -> None:
        """Work on an image layer, with `labels` that are there already.

        Whoever comes back to a layer finds its session as it was.
        """
        with self.annotator.events.reporting():
            geometry = PlaneGeometry.of(compat.unwrapped(layer), axes)
            image = open_layer(geometry, channels=channels, labels=labels)
            self.annotator.open(image, prepare=channels is not None)

    def close(self) -> None:
        """Leave for good: our layers and keys go, the journal of the session stays."""
        self.annotator.close()
        for layer in (self.found, self.tracks, self.onion):
            layer.close()
        self._keys.release()
        if self._on_mouse in self.viewer.mouse_move_callbacks:
            self.viewer.mouse_move_callbacks.remove(self._on_mouse)
            self.viewer.layers.events.removed.disconnect(self._on_removed)
            self.viewer.layers.selection.events.active.disconnect(self._on_active)

    def segment_layer(
        self,
        layer: Layer,
        *,
        groups: str | None = None,
        settings: BatchSettings = _BATCH_SETTINGS,
    ) -> None:
        """Make an object of each point, shape or label of a layer, as one step.

        Parameters
        ----------
        layer
            Points, shapes or labels, of ours or not; it is left as it is.
        groups
            Column of its features by which rows belong together, as one object: points
            that do not belong to it are prompts of each of a group, or, without
            groups, of all near enough to matter.
        settings
            What labels are turned into, and the overlap rule.
        """
        image = self.annotator.image
        if image is None:
            return
        layer = compat.unwrapped(layer)
        read = partial(
            prompts_of_layer,
            layer,
            source_of(image).geometry,
            frame=image.session.current.frame,
            groups=groups,
            form=settings.form,
        )
        self.annotator.batch.segment(read, str(layer.name), settings)

    def enclosed_by(self, layer: Layer) -> Mask:
        """Return what shapes or labels of a layer enclose in the current plane.

        Raises
        ------
        SessionError
            If there is no image, or nothing of it is enclosed.
        """
        image = self.annotator.image
        if image is None:
            raise SessionError("Open an image first.")
        frame = image.session.current.frame
        found = prompts_of_layer(
            compat.unwrapped(layer), source_of(image).geometry, 1, frame=frame
        )
        items = [i for at, p in found.items() if at.frame == frame for i in p.items]
        return enclosed(items, image.session.frames.plane_shape)

    def show(self, image: OpenImage) -> LayerBinding:
        """Show the session of an image by layers of ours."""
        source = source_of(image)
        self.layer = source.geometry.layer
        binding = self.binding = source.bind(self.viewer, image)
        for layer in binding.layers:
            self._keys.bind_layer(layer)
        self._show_on(binding.geometry)
        self._measured.show_on(binding)
        binding.made.connect(self._keys.bind_layer)
        binding.refused.connect(self._on_refused)
        binding.frame_changed.connect(self._on_frame)
        self.layer.events.data.connect(self._on_pixels)
        return binding

    def show_again(self) -> None:
        """Make our layers again if all are gone, as after all layers were removed."""
        if self.binding is not None and not self.binding.layers:
            self.binding.start()

    def hide(self, image: OpenImage) -> None:
        """Take the layers of ours away, unless another dock shows them."""
        assert self.layer is not None
        assert self.binding is not None
        self._show_on(None)
        self._measured.show_on(None)
        self.layer.events.data.disconnect(self._on_pixels)
        self.binding.made.disconnect(self._keys.bind_layer)
        self.binding.refused.disconnect(self._on_refused)
        self.binding.frame_changed.disconnect(self._on_frame)
        source_of(image).release(self.viewer)
        self.layer = self.binding = None

    def _show_on(self, geometry: PlaneGeometry | None) -> None:
        for layer in (self.found, self.tracks, self.onion):
            layer.show_on(geometry)

    def _on_refused(self, why: str) -> None:
        self.annotator.events.message.emit("warning", why)

    def _on_frame(self, _: int) -> None:
        self.annotator.objects.move_on()
        if len(self.annotator.everything.frames) > 1:
            self.found.refresh()

    def _on_mouse(self, _: ViewerModel, event: Event) -> None:
        if self.annotator.hover.on and self.binding is not None:
            geometry = self.binding.geometry
            data = geometry.of_world(np.asarray(event.position))[0]
            row, col = data[list(geometry.plane_axes)].tolist()
            self.annotator.hover.move(geometry.frame_of(data), row, col)

    def _on_active(self, event: Event) -> None:
        if self.binding is not None and event.value in self.binding.prompts.layers:
            self.annotator.objects.move_on()

    def _on_removed(self, event: Event) -> None:
        layer, session = self.layer, self.annotator.session
        if layer is None or session is None or event.value is not layer:
            return
        count, name = len(session.objects), layer.name
        what = "1 object" if count == 1 else f"{count} objects"
        self.annotator.events.image_lost.emit(
            f"The layer {name!r} was removed. Its work ({what}) is still "
            "here: save it, or open the image again."
        )

    def _on_pixels(self, _: Event) -> None:
        """Take over other pixels; those of another shape are another image."""
        image, layer = self.annotator.image, self.layer
        if image is None or layer is None:
            return
        source = source_of(image)
        axes, shape = source.frames.axes, source.frames.data.shape
        with self.annotator.events.reporting():
            data = layer.data[0] if layer.multiscale else layer.data
            if tuple(data.shape) == tuple(shape):
                source.geometry.frames = PlaneGeometry.of(layer, axes).frames
                self.annotator.models.prepare_image()
                return
            self.annotator.events.image_lost.emit(
                f"{layer.name!r} has other pixels now, of another shape. The work on "
                "the ones before is kept, and offered when they are opened again."
            )
            self.open(layer, axes=axes if len(data.shape) == len(axes) else None)
