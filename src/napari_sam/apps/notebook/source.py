"""The image that a cell gives, as something that can be annotated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.api.promptable import to_image

if TYPE_CHECKING:
    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.images.frames import Frames
    from napari_sam.io import Image


class CellImage:
    """An array, a file or an image of `read_image`, as its views show it.

    Parameters
    ----------
    image
        Pixels, `Frames`, a path, or what `read_image` gives.
    axes
        One letter of ``t z c y x`` per dimension; a 2D array may leave it out, and so
        may a file that says its axes itself.
    name
        As people call it; by default, the name of its file.
    """

    def __init__(
        self, image: AnyImage, *, axes: str | None = None, name: str | None = None
    ) -> None:
        self._described = to_image(image, axes)
        self._frames = self._described.frames
        path = self._described.path
        self._name = name or (path.name if path is not None else "image")

    @property
    def frames(self) -> Frames:
        """The image, as a stack of frames."""
        return self._frames

    @property
    def name(self) -> str:
        """Name of the image."""
        return self._name

    def describe(self) -> Image:
        """Describe the image as a file would."""
        return self._described
