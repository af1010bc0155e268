"""The layer of preview masks: of the prompts, and of what is under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_sam.apps.dock import compat, layer_style
from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from napari.components import ViewerModel
    from napari.layers import Labels
    from numpy.typing import NDArray

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry
    from napari_sam.core.prediction import Prediction

#: Side of the window that the layer holds, or more where a mask is larger.
_SIDE = 2048
#: Pixels that an outline is wide, inside the mask.
_WIDE = 2
#: Pixels of a mask that is small: two wide, the outline would hide what is in it.
_SMALL = 400


class _Outline(NamedTuple):
    frame: int
    region: Region
    pixels: NDArray[np.bool_]


class MaskOverlay:
    """Shows masks as outlines, each kind in its colour, in one small layer.

    The layer stands still while masks come and go in its window: to draw a part of it
    anew takes napari a millisecond; to lay it elsewhere, or to add it, longer than a
    window may stand still.
    """

    def __init__(self, viewer: ViewerModel, geometry: PlaneGeometry) -> None:
        self._viewer, self._geometry = viewer, geometry
        self._layer: Any = None
        self._shown: dict[int, _Outline] = {}
        self._pixels = np.zeros((0, 0), np.uint8)
        self._frame, self._window = 0, Region(0, 0, 0, 0)

    @property
    def layer(self) -> Labels | None:
        """The layer, if there is one."""
        return layer_style.still_in(self._viewer, self._layer)

    def prepare(self, frame: int) -> None:
        """Make the layer ahead of the first mask."""
        if self.layer is None:
            self._lay(frame, self._around(Region(0, 0, 1, 1)))

    def show(self, kind: int, mask: Prediction | None, frame: int) -> None:
        """Show a mask in one plane, or nothing, in place of the last one of its kind.

        Parameters
        ----------
        kind
            One of those that `layer_style.OUTLINES` has a colour for.
        mask
            What to show.
        frame
            The plane it is in.
        """
        before = self._shown.pop(kind, None)
        if before is not None and self.layer is not None:
            self._draw(before.region)
        if mask is None or not mask.area:
            return
        if self.layer is None and not layer_style.has_image(
            self._viewer, self._geometry
        ):
            return
        region = mask.region
        self._shown[kind] = _Outline(frame, region, outline(mask.mask))
        fits = self._window.intersection(region) == region
        if self.layer is None or frame != self._frame or not fits:
            self._lay(frame, self._around(region))
        self._draw(region)

    def refresh(self) -> None:
        """Lay the layer where the image is now."""
        if self.layer is not None:
            self._lay(self._frame, self._window)

    def _around(self, region: Region) -> Region:
        """Return a window with a region in its middle, inside the plane."""
        spans = []
        for first, last, size in zip(
            (region.top, region.left),
            (region.bottom, region.right),
            self._geometry.frames.plane_shape,
            strict=True,
        ):
            side = min(max(_SIDE, last - first), size)
            start = min(max((first + last - side) // 2, 0), size - side)
            spans.append((start, start + side))
        (top, bottom), (left, right) = spans
        return Region(top, left, bottom, right)

    def _lay(self, frame: int, window: Region) -> None:
        """Hold another window."""
        self._frame, self._window = frame, window
        self._pixels = np.zeros(window.shape, np.uint8)
        self._fill(window)
        data = self._geometry.shaped(self._pixels)
        offset = self._geometry.to_data(frame, (window.top, window.left))[0]
        keywords = self._geometry.keywords(offset)
        layer = self.layer
        if layer is None:
            with layer_style.staying_active(self._viewer):
                self._layer = layer_style.add_overlay(self._viewer, data, keywords)
            return
        layer.data = data
        for name, value in keywords.items():
            setattr(layer, name, value)

    def _draw(self, region: Region) -> None:
        """Draw a part of the plane anew, as far as it is in the window."""
        inside = self._fill(region)
        if min(inside.shape) > 0:
            compat.redraw(self._layer, self._geometry.window(0, inside))

    def _fill(self, region: Region) -> Region:
        """Write what is to be seen in a region; return where that is in the window."""
        top, left = self._window.top, self._window.left
        part = region.intersection(self._window)
        self._pixels[part.shifted(-top, -left).slices] = 0
        for kind, (frame, around, pixels) in sorted(self._shown.items()):
            common = around.intersection(part)
            if frame == self._frame and min(common.shape) > 0:
                mine = pixels[common.shifted(-around.top, -around.left).slices]
                self._pixels[common.shifted(-top, -left).slices][mine] = kind
        return part.shifted(-top, -left)


def outline(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return where a mask is, without what lies deeper inside than an outline is."""
    wide = _WIDE if np.count_nonzero(mask) >= _SMALL else 1
    held = np.pad(mask, wide)
    rows, cols = mask.shape
    inside = mask.copy()
    for away in range(1, wide + 1):
        low, high = wide - away, wide + away
        for top, left in ((low, wide), (high, wide), (wide, low), (wide, high)):
            inside &= held[top : top + rows, left : left + cols]
    return mask & ~inside
