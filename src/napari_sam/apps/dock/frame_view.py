"""The frame that is in view, and the part of its plane that the camera shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_sam.core.geometry.region import Region

if TYPE_CHECKING:
    from napari.components import ViewerModel

    from napari_sam.apps.dock.plane_geometry import PlaneGeometry

#: How many times an object that is zoomed on fits into the view.
_AROUND = 4.0


class FrameView:
    """Sliders and camera of a viewer, as frames and planes of an image.

    Attributes
    ----------
    moving
        Whether the sliders are being moved by us.
    """

    def __init__(self, viewer: ViewerModel, geometry: PlaneGeometry) -> None:
        self._viewer, self._geometry = viewer, geometry
        self.moving = False

    @property
    def frame(self) -> int:
        """The frame that is in view; the first if none is."""
        position = self._geometry.of_world(self._viewer.dims.point)[0]
        return self._geometry.frame_of(position) or 0

    @property
    def shows_plane(self) -> bool:
        """Whether rows and columns are shown, and no other axes, as in 3D."""
        first = self._viewer.dims.ndim - self._geometry.ndim
        plane = {first + axis for axis in self._geometry.plane_axes}
        return {*self._viewer.dims.displayed} == plane

    @property
    def region(self) -> Region:
        """The part of the plane that is on the screen; empty if none is."""
        return region_in_view(self._viewer, self._geometry)

    def show(self, frame: int) -> None:
        """Bring a frame into view."""
        if frame != self.frame:
            world = self._geometry.to_world(frame, self._geometry.middle)[0]
            start = self._viewer.dims.ndim - len(world)
            shown = self._viewer.dims.displayed
            self.moving = True
            try:
                for axis, value in enumerate(world, start):
                    if axis not in shown and self._is_frame_axis(axis - start):
                        self._viewer.dims.set_point(axis, value)
            finally:
                self.moving = False

    def center_on(self, frame: int, position: tuple[float, float]) -> None:
        """Move the camera to a row and column of a frame's plane."""
        world = self._geometry.to_world(frame, position)[0]
        start = self._viewer.dims.ndim - len(world)
        shown = self._viewer.dims.displayed
        center = [world[d - start] for d in shown if d >= start]
        if len(center) == len(shown):
            self._viewer.scene.camera.center = tuple(center)

    def zoom_on(self, frame: int, region: Region) -> None:
        """Move the camera so that a region is seen, with its surroundings."""
        self.center_on(frame, region.center)
        corners = ((region.top, region.left), (region.bottom, region.right))
        world = np.array([self._geometry.to_world(frame, one)[0] for one in corners])
        sides = np.abs(world[1] - world[0])[-2:]
        room = np.array(self._viewer.canvas.size, float) / (_AROUND * sides)
        self._viewer.scene.camera.zoom = float(room.min())

    def _is_frame_axis(self, axis: int) -> bool:
        geometry = self._geometry
        own = axis - (geometry.layer.ndim - geometry.ndim)
        return own >= 0 and geometry.axes[own] in geometry.frames.sizes


def region_in_view(viewer: ViewerModel, geometry: PlaneGeometry) -> Region:
    """Return the part of the plane that is on the screen; empty if none is."""
    camera, dims = viewer.scene.camera, viewer.dims
    half = np.array(viewer.canvas.size, float) / camera.zoom / 2
    middle = np.array(camera.center[-2:], float)
    corners = [middle + half * sign for sign in ((-1, -1), (-1, 1), (1, -1), (1, 1))]
    world = np.tile(np.array(dims.point, float), (4, 1))
    world[:, list(dims.displayed[-2:])] = corners
    plane = geometry.of_world(world)[:, list(geometry.plane_axes)]
    (top, left), (bottom, right) = np.floor(plane.min(0)), np.ceil(plane.max(0)) + 1
    return Region(int(top), int(left), int(bottom), int(right)).intersection(
        Region(0, 0, *geometry.frames.plane_shape)
    )
