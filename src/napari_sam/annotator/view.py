"""What an annotator needs of a view, and of the image that a view shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.annotator.open_image import OpenImage
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.region import Region
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompt
    from napari_sam.io import Image


class ImageSource(Protocol):
    """An image that a view shows: a layer of napari, an array in a notebook."""

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""

    @property
    def name(self) -> str:
        """Name of the image."""

    def describe(self) -> Image:
        """Describe it as a file would: its axes, scale, units and coordinates."""


class AnnotationView(Protocol):
    """A view of a session: it shows prompts, previews and labels.

    A view listens to the session by itself; these are the things that an annotator
    asks of it.

    Attributes
    ----------
    positive
        Whether a plain click is a positive prompt.
    """

    positive: bool

    def show_hover(self, mask: Prediction | None) -> None:
        """Show the mask under the cursor, or none."""

    def show_frame(self, frame: int) -> None:
        """Bring a frame into view."""

    def go_to(self, at: Address) -> None:
        """Bring an object into view."""

    def region_in_view(self) -> Region:
        """Return the part of the plane that is in view; empty if none is."""

    def draw_once(self, tool: str, then: Callable[[Prompt], object]) -> None:
        """Take a tool, and hand over what is drawn next instead of prompting."""

    def toggle_prompts(self) -> None:
        """Hide the prompts, or show them again."""


class ViewFactory(Protocol):
    """Makes the view of an image, and takes it away."""

    def show(self, image: OpenImage) -> AnnotationView:
        """Show the session of an image."""

    def hide(self, image: OpenImage) -> None:
        """Take the view of the image away."""
