"""The layers of a viewer that show a session, and change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psygnal import Signal

from napari_sam.apps.dock import layer_style
from napari_sam.apps.dock.frame_view import FrameView
from napari_sam.apps.dock.label_layer import LabelLayer
from napari_sam.apps.dock.mask_overlay import MaskOverlay
from napari_sam.apps.dock.mouse import PromptMouse
from napari_sam.apps.dock.prompt_layers import PromptLayers
from napari_sam.apps.dock.window_layer import WindowLayer, is_large
from napari_sam.core.address import Address

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.components import ViewerModel
    from napari.layers import Labels, Points, Shapes

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session import AnnotationSession

#: What transforms of a layer are called, and what is called when they change.
_TRANSFORMS = ("scale", "translate", "rotate", "shear", "affine", "units")
#: Tools by name: the layer, and its mode.
TOOLS = {
    "point": ("points", "add"),
    "select": ("points", "select"),
    "box": ("shapes", "add_rectangle"),
    "ellipse": ("shapes", "add_ellipse"),
    "polygon": ("shapes", "add_polygon"),
    "lasso": ("shapes", "add_polygon_lasso"),
    "line": ("shapes", "add_line"),
    "scribble": ("shapes", "add_path"),
    "move shapes": ("shapes", "select"),
    "brush": ("labels", "paint"),
    "eraser": ("labels", "erase"),
    "pan": ("points", "pan_zoom"),
}


class LayerBinding:
    """Layers of ours for one image layer in one viewer, and what they show.

    Layers are made when they are needed, again if they were deleted; what they show is
    in the session, so that nothing is lost with them. The user's own layers are never
    changed.

    Parameters
    ----------
    viewer
        Where the image layer is.
    session
        What is shown.
    geometry
        How the image lies.

    Attributes
    ----------
    prompts, label_layer, objects
        The layers of prompts, that of labels, and the table of the objects in it.
    refused
        Emitted with a sentence about what was drawn and cannot be taken over.
    frame_changed
        Emitted with the plane that is in view, when it is another.
    made
        Emitted with each layer that was made.
    """

    refused = Signal(str)
    frame_changed = Signal(int)
    made = Signal(object)

    def __init__(
        self, viewer: ViewerModel, session: AnnotationSession, geometry: PlaneGeometry
    ) -> None:
        self.viewer, self.session, self.geometry = viewer, session, geometry
        self._view = FrameView(viewer, geometry)
        self.prompts = PromptLayers(viewer, session, geometry)
        kind = WindowLayer if is_large(geometry.frames) else LabelLayer
        self.label_layer = self._labels = kind(viewer, session, geometry)
        self.objects = self._labels.table
        self._masks = MaskOverlay(viewer, geometry)
        self._mouse = PromptMouse(viewer, self.prompts, self._view)
        self._tool = "point"
        self.prompts.made.connect(self._on_made)
        self._labels.made.connect(self.made.emit)
        self.prompts.refused.connect(self.refused.emit)
        self._mouse.refused.connect(self.refused.emit)
        self._labels.refused.connect(self.refused.emit)
        session.preview_changed.connect(self._on_preview)
        session.selection_changed.connect(self._on_selection)
        viewer.dims.events.point.connect(self._on_dims)
        for name in _TRANSFORMS:
            getattr(geometry.layer.events, name).connect(self._on_transform)

    @property
    def points(self) -> Points:
        """The layer for clicks; made when it is needed."""
        return self.prompts.points

    @property
    def shapes(self) -> Shapes:
        """The layer for boxes, lines and outlines; made when it is needed."""
        return self.prompts.shapes

    @property
    def labels(self) -> Labels:
        """The layer of labels; made when it is needed."""
        return self._labels.layer

    @property
    def preview(self) -> Labels | None:
        """The layer of preview masks, if there is one."""
        return self._masks.layer

    @property
    def layers(self) -> list[Any]:
        """Layers of ours that are in the viewer."""
        labels = [self._labels.layer] if self._labels.is_there else []
        masks = [] if self.preview is None else [self.preview]
        return [*labels, *masks, *self.prompts.layers]

    @property
    def positive(self) -> bool:
        """Whether a plain click is a positive prompt."""
        return self.prompts.positive

    @positive.setter
    def positive(self, positive: bool) -> None:
        self.prompts.positive = positive
        self.prompts.aim()

    def start(self) -> None:
        """Make the layers that work begins with, and take the tool for clicks."""
        _ = self.labels
        # To add a layer while a mask is awaited would hold the window up.
        self._masks.prepare(self._view.frame)
        self.prompts.push(self.session.open_prompts)
        self._on_dims()
        self.use_tool("point")

    def use_tool(self, name: str) -> None:
        """Take one of `TOOLS`: its layer becomes the active one."""
        which, mode = TOOLS[name]
        layer = getattr(self, which)
        self.prompts.intercept = None
        self._tool = name
        self.viewer.layers.selection.active = layer
        layer.mode = mode

    def draw_once(self, tool: str, then: Callable[[Prompt], object]) -> None:
        """Take a tool, and hand over what is drawn next instead of prompting."""
        before = self._tool
        self.use_tool(tool)

        def drawn(prompt: Prompt) -> None:
            then(prompt)
            self.use_tool(before)

        self.prompts.intercept = drawn

    def show_hover(self, mask: Prediction | None) -> None:
        """Show the mask under the cursor, or none."""
        self._masks.show(layer_style.HOVERED, mask, self.session.current.frame)

    def show_frame(self, frame: int) -> None:
        """Bring a frame into view."""
        self._view.show(frame)

    def go_to(self, at: Address) -> None:
        """Bring an object into view: its frame, and its middle if it has pixels."""
        self._view.show(at.frame)
        footprint = self.session.state.footprints.get(at)
        if footprint is None:
            return
        region = footprint.region
        if region.intersection(self._view.region) != region:
            self._view.center_on(at.frame, region.center)

    def toggle_prompts(self) -> None:
        """Hide the layers of prompts, or show them again."""
        layers = self.prompts.layers
        visible = not any(layer.visible for layer in layers)
        for layer in layers:
            layer.visible = visible

    def region_in_view(self) -> Region:
        """Return the part of the plane that is on the screen; empty if none is."""
        return self._view.region

    def close(self, *, hide: bool = True) -> None:
        """Disconnect from signals, and hide our layers."""
        self._mouse.detach()
        layers = self.layers
        self.session.preview_changed.disconnect(self._on_preview)
        self.session.selection_changed.disconnect(self._on_selection)
        self.viewer.dims.events.point.disconnect(self._on_dims)
        for name in _TRANSFORMS:
            getattr(self.geometry.layer.events, name).disconnect(self._on_transform)
        self.prompts.close()
        self._labels.close()
        for layer in layers if hide else ():
            layer_style.retire(layer)

    def _on_made(self, layer: Any) -> None:
        if type(layer).__name__ == "Points":
            self._mouse.attach(layer)
        self.made.emit(layer)

    def _on_preview(self, preview: Prediction | None) -> None:
        self._masks.show(layer_style.PREVIEWED, preview, self.session.current.frame)

    def _on_selection(self, at: Address) -> None:
        self._view.show(at.frame)

    def _on_dims(self, _: Any = None) -> None:
        """Follow the sliders: the same object, in the plane that is in view."""
        frame = self._view.frame
        if not self._view.moving and frame != self.session.current.frame:
            self.session.current = Address(frame, self.session.current.object_id)
            self.frame_changed.emit(frame)

    def _on_transform(self, _: Any = None) -> None:
        """Lay our layers where the image is now."""
        keywords = self.geometry.keywords()
        for layer in self.layers:
            for name, value in keywords.items():
                setattr(layer, name, value)
        self._labels.lay()
        self._masks.refresh()
