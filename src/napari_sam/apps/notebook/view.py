"""The view of an annotator in browsers: what it is told is sent to all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.notebook.mask_message import mask_message
from napari_sam.core.address import Address
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.apps.notebook.displays import Displays
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompt
    from napari_sam.session import AnnotationSession


class NotebookView:
    """The view of a session in a notebook, wherever it is displayed.

    Parameters
    ----------
    image
        What is shown.
    displays
        The widgets.
    changed
        Called when something about the view is another.

    Attributes
    ----------
    positive
        Whether a plain click is a positive prompt.
    prompts_visible
        Whether the prompts are shown.
    hovered
        The mask under the cursor, or None.
    """

    def __init__(
        self, image: OpenImage, displays: Displays, changed: Callable[[], object]
    ) -> None:
        self._image, self._displays, self._changed = image, displays, changed
        self.positive, self.prompts_visible = True, True
        self.hovered: Prediction | None = None
        self._region = Region(0, 0, *image.source.frames.plane_shape)
        self._drawing: Callable[[Prompt], object] | None = None

    @property
    def _session(self) -> AnnotationSession:
        return self._image.session

    def show_hover(self, mask: Prediction | None) -> None:
        """Show the mask under the cursor, or none."""
        if mask is not None or self.hovered is not None:
            self.hovered = mask
            frame = self._session.current.frame
            self._displays.send(*mask_message("hover", frame, mask))

    def show_preview(self, mask: Prediction | None) -> None:
        """Show the mask of the current prompts, or none."""
        frame = self._session.current.frame
        self._displays.send(*mask_message("preview", frame, mask))

    def show_frame(self, frame: int) -> None:
        """Bring a frame into view: the current object, as it is there."""
        session = self._session
        if frame != session.current.frame:
            session.current = Address(frame, session.current.object_id)
        self._changed()

    def go_to(self, at: Address) -> None:
        """Bring an object into view: its frame, and its middle if it has pixels."""
        self.show_frame(at.frame)
        footprint = self._session.state.footprints.get(at)
        if footprint is None:
            return
        region = footprint.region
        if region.intersection(self._region) != region:
            edges = [region.top, region.left, region.bottom, region.right]
            self._displays.send({"kind": "go_to", "region": edges})

    def region_in_view(self) -> Region:
        """Return the part of the plane that a browser showed last."""
        return self._region

    def set_region(self, region: Region) -> None:
        """Note which part of the plane a browser shows."""
        plane = Region(0, 0, *self._session.frames.plane_shape)
        self._region = region.intersection(plane)

    def draw_once(self, tool: str, then: Callable[[Prompt], object]) -> None:
        """Take a tool, and hand over what is drawn next instead of prompting."""
        self._drawing = then
        self._displays.send({"kind": "tool", "tool": tool})

    def take_drawing(self, prompt: Prompt) -> bool:
        """Hand a drawn prompt over to whoever waits for it; False if nobody does."""
        drawing, self._drawing = self._drawing, None
        if drawing is not None:
            drawing(prompt)
        return drawing is not None

    def toggle_prompts(self) -> None:
        """Hide the prompts, or show them again."""
        self.prompts_visible = not self.prompts_visible
        self._changed()
