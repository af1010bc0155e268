"""What can be done to objects that are kept."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.apps.dock.keeping import Keeping
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.items import Polygon, Scribble
from napari_sam.session import actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session.objects import Status


class Editing(Keeping):
    """Part of the controller: delete, merge, split, grow, fill, describe."""

    def delete(self, ids: Sequence[int]) -> None:
        """Remove objects."""
        with self._telling():
            if ids:
                self._here.execute(actions.Delete(tuple(ids)))

    def merge(self, ids: Sequence[int]) -> None:
        """Make several objects the first of them."""
        with self._telling():
            if len(ids) < 2:
                raise SessionError("Select two objects or more to merge them.")
            self._here.execute(actions.Merge(tuple(ids)))

    def start_split(self) -> None:
        """Let the next line that is drawn cut the object under it."""
        with self._telling():
            _ = self._here
            if self.binding is not None:
                self.binding.draw_once("scribble", self._cut)
                self.said.emit("info", "Draw a line across the object to cut it.")

    def split(self, path: Sequence[Sequence[float]]) -> None:
        """Cut an object along ``(row, col)`` positions of the plane.

        It is the current one, or if that has no pixels in this plane, the one that
        most of the line runs through.
        """
        with self._telling():
            line = tuple((float(row), float(col)) for row, col in path)
            self._here.execute(actions.Split(self._under(line), line))

    def grow(self, pixels: int) -> None:
        """Move the outline of the current object outwards, or inwards if negative."""
        with self._telling():
            self._here.execute(actions.Resize(self._kept_here(), pixels))

    def fill_holes(self) -> None:
        """Close the holes of the current object."""
        with self._telling():
            self._here.execute(actions.FillHoles(self._kept_here()))

    def describe(
        self,
        object_id: int,
        *,
        name: str | None = None,
        category: str | None = None,
        status: Status | None = None,
    ) -> None:
        """Say what an object is called, or how far it is; None leaves it."""
        with self._telling():
            info = self._here.objects.get(object_id)
            if info is None:
                raise SessionError(f"There is no object {object_id} to describe.")
            after = replace(
                info,
                name=info.name if name is None else name,
                category=info.category if category is None else category,
                status=info.status if status is None else status,
            )
            self._here.execute(actions.SetInfo(object_id, after))

    def approve(self, object_id: int | None = None) -> None:
        """Protect an object, by default the current one; again, to take it back."""
        self._judge(object_id, "approved")

    def reject(self, object_id: int | None = None) -> None:
        """Mark an object as wrong; again, to take it back."""
        self._judge(object_id, "rejected")

    def _judge(self, object_id: int | None, status: Status) -> None:
        with self._telling():
            chosen = self._kept() if object_id is None else object_id
            info = self._here.objects.get(chosen)
            now = None if info is None else info.status
            self.describe(chosen, status="committed" if now == status else status)
            if now not in (None, status):
                self.said.emit("info", f"Object {chosen} is {status}.")

    def _cut(self, line: Prompt) -> None:
        path = line.path if isinstance(line, Scribble) else ()
        self.split(line.vertices if isinstance(line, Polygon) else path)

    def _kept(self) -> int:
        """Return the current object, or before it has pixels, the one kept last."""
        session = self._here
        current = session.current.object_id
        for object_id in (current, self._last_kept):
            if object_id is not None and session.state.of_object(object_id):
                return object_id
        raise SessionError("Select an object in the list first.")

    def _kept_here(self) -> Address:
        at = Address(self._here.current.frame, self._kept())
        if at not in self._here.state.footprints:
            raise SessionError(
                f"Object {at.object_id} has no pixels in this plane. Go to one where "
                "it has some, or select another."
            )
        return at

    def _under(self, line: Sequence[tuple[float, float]]) -> Address:
        """Return which object a line is to cut."""
        session = self._here
        if session.current in session.state.footprints:
            return session.current
        frame = session.current.frame
        rows, cols = session.frames.plane_shape
        found: list[int] = []
        for row, col in _along(line):
            if 0 <= row < rows and 0 <= col < cols:
                pixel = session.state.read(frame, Region(row, col, row + 1, col + 1))
                found.append(int(pixel[0, 0]))
        ids, counts = np.unique([i for i in found if i], return_counts=True)
        if not len(ids):
            raise SessionError("The line runs through no object.")
        return Address(frame, int(ids[counts.argmax()]))


def _along(line: Sequence[tuple[float, float]], most: int = 200) -> list[list[int]]:
    """Pixels on a line, at most so many."""
    corners = np.asarray(line, float)
    at = np.linspace(0, len(corners) - 1, most)
    steps = np.arange(len(corners))
    places = [np.interp(at, steps, corners[:, i]) for i in (0, 1)]
    return np.unique(np.rint(np.transpose(places)), axis=0).astype(int).tolist()  # type: ignore[no-any-return]
