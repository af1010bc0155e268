"""Editing objects that are in the labels: delete, merge, split, resize, approve."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from napari_sam.annotator.drawn_shapes import pixels_along
from napari_sam.core.address import Address
from napari_sam.core.errors import SessionError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prompts.items import Polygon, Scribble
from napari_sam.session import actions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.annotator.commits import Commits
    from napari_sam.annotator.object_navigation import ObjectNavigation
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.prompts.items import Prompt
    from napari_sam.session import AnnotationSession
    from napari_sam.session.object_table import Status


class ObjectEditing:
    """Changes objects that are in the labels, each change one step of the session."""

    def __init__(
        self, workspace: Workspace, commits: Commits, objects: ObjectNavigation
    ) -> None:
        self._workspace, self._commits = workspace, commits
        self._objects = objects

    @property
    def _session(self) -> AnnotationSession:
        return self._workspace.require_session()

    def delete(self, ids: Sequence[int]) -> None:
        """Remove objects."""
        with self._workspace.events.reporting():
            if ids:
                self._session.execute(actions.Delete(tuple(ids)))

    def merge(self, ids: Sequence[int]) -> None:
        """Make several objects the first of them."""
        with self._workspace.events.reporting():
            if len(ids) < 2:
                raise SessionError("Select two objects or more to merge them.")
            self._session.execute(actions.Merge(tuple(ids)))

    def start_split(self) -> None:
        """Let the next line that is drawn split the object under it."""
        with self._workspace.events.reporting():
            _ = self._session
            if self._workspace.view is not None:
                self._workspace.view.draw_once("scribble", self._split_along)
                self._workspace.events.message.emit(
                    "info", "Draw a line across the object to split it."
                )

    def split(self, path: Sequence[Sequence[float]]) -> None:
        """Split an object along ``(row, col)`` positions of the plane.

        It is the selected or current one, or if that has no pixels in this plane, the
        one that most of the line runs through.
        """
        with self._workspace.events.reporting():
            line = tuple((float(row), float(col)) for row, col in path)
            self._session.execute(actions.Split(self._under(line), line))

    def resize(self, pixels: int) -> None:
        """Move the outline of the current object outwards, or inwards if negative."""
        with self._workspace.events.reporting():
            self._session.execute(actions.Resize(self._address_in_frame(), pixels))

    def fill_holes(self) -> None:
        """Close the holes of the current object."""
        with self._workspace.events.reporting():
            self._session.execute(actions.FillHoles(self._address_in_frame()))

    def set_info(
        self,
        object_id: int,
        *,
        name: str | None = None,
        category: str | None = None,
        status: Status | None = None,
    ) -> None:
        """Set the name, class or status of an object; None leaves it."""
        with self._workspace.events.reporting():
            info = self._session.objects.get(object_id)
            if info is None:
                raise SessionError(f"There is no object {object_id}.")
            after = replace(
                info,
                name=info.name if name is None else name,
                category=info.category if category is None else category,
                category_score=info.category_score if category is None else None,
                status=info.status if status is None else status,
            )
            self._session.execute(actions.SetInfo(object_id, after))

    def approve(self, object_ids: int | Sequence[int] | None = None) -> None:
        """Protect objects, by default the selected one.

        All of them are approved then, whatever they were before, as one step; if all
        were already, that is taken back.
        """
        self._set_status(object_ids, "approved")

    def reject(self, object_ids: int | Sequence[int] | None = None) -> None:
        """Mark objects as wrong; if all were already, take that back."""
        self._set_status(object_ids, "rejected")

    def _set_status(self, given: int | Sequence[int] | None, status: Status) -> None:
        with self._workspace.events.reporting():
            session = self._session
            chosen = self._chosen(given)
            infos = {i: session.objects[i] for i in chosen}
            back = all(info.status == status for info in infos.values())
            after: Status = "committed" if back else status
            group = session.history.new_group()
            for i, info in infos.items():
                if info.status != after:
                    changed = actions.SetInfo(i, replace(info, status=after))
                    session.execute(changed, group=group)
            if not back:
                names = ", ".join(map(str, chosen))
                text = (
                    f"Object {names} is {status}."
                    if len(chosen) == 1
                    else f"Objects {names} are {status}."
                )
                self._workspace.events.message.emit("info", text)

    def _chosen(self, given: int | Sequence[int] | None) -> list[int]:
        """Return numbers of objects that there are; by default, the selected one."""
        if given is None:
            return [self._object_id()]
        chosen = [given] if isinstance(given, int) else list(given)
        for object_id in chosen:
            if object_id not in self._session.objects:
                raise SessionError(f"There is no object {object_id}.")
        if not chosen:
            raise SessionError("Select an object in the list first.")
        return chosen

    def _split_along(self, line: Prompt) -> None:
        path = line.path if isinstance(line, Scribble) else ()
        self.split(line.vertices if isinstance(line, Polygon) else path)

    def _object_id(self) -> int:
        """Return the selected object, else the current, else the last committed."""
        session = self._session
        current = session.current.object_id
        for object_id in (self._objects.selected, current, self._commits.last):
            if object_id is not None and session.state.footprints.of_object(object_id):
                return object_id
        raise SessionError("Select an object in the list first.")

    def _address_in_frame(self) -> Address:
        at = Address(self._session.current.frame, self._object_id())
        if at not in self._session.state.footprints:
            raise SessionError(
                f"Object {at.object_id} has no pixels in this frame. Go to one where "
                "it has some, or select another."
            )
        return at

    def _under(self, line: Sequence[tuple[float, float]]) -> Address:
        """Return which object a line is to split."""
        session = self._session
        frame = session.current.frame
        for object_id in (self._objects.selected, session.current.object_id):
            if object_id is not None:
                at = Address(frame, object_id)
                if at in session.state.footprints:
                    return at
        rows, cols = session.frames.plane_shape
        found: list[int] = []
        for row, col in pixels_along(line):
            if 0 <= row < rows and 0 <= col < cols:
                pixel = session.state.labels.read(
                    frame, Region(row, col, row + 1, col + 1)
                )
                found.append(int(pixel[0, 0]))
        ids, counts = np.unique([i for i in found if i], return_counts=True)
        if not len(ids):
            raise SessionError("The line runs through no object.")
        return Address(frame, int(ids[counts.argmax()]))
