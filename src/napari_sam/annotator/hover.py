"""The mask under the cursor: shown as the mouse moves, never committed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts.prompts_in_tiles import first_tile
from napari_sam.session.requests import Request

if TYPE_CHECKING:
    from napari_sam.annotator.view_executor import Job
    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Promptable
    from napari_sam.session import AnnotationSession
    from napari_sam.session.requests import Response


class Hover:
    """Predicts what a click under the cursor would give.

    Only in tiles that are embedded already, since hovering must not begin what takes
    seconds: elsewhere, embedding begins in the background, once, and masks appear when
    it is done. For the same reason small objects are seen in close-ups only where a
    prompt was before: a click may find their boundary better than is shown here.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._on = False
        self._embedding: Job | None = None
        self._image: Promptable | None = None
        self._pending: Request | None = None
        self._early = False

    @property
    def on(self) -> bool:
        """Whether the mask under the cursor is shown."""
        return self._on

    @on.setter
    def on(self, on: bool) -> None:
        if on != self._on:
            self._on = on
            self.clear()
            self._workspace.events.hover_changed.emit(on)

    def toggle(self) -> None:
        """Show the mask under the cursor, or stop that."""
        self.on = not self.on

    def forget(self) -> None:
        """Show nothing, and embed no more: another image is open, or another model."""
        self.clear()
        if self._embedding is not None:
            self._embedding.cancel()
            self._embedding = None

    def clear(self) -> None:
        """Show nothing, and drop the mask that is being predicted."""
        shown = self._pending is not None or self._early
        if shown and self._workspace.view is not None:
            self._workspace.view.show_hover(None)
        self._pending, self._early = None, False

    def show_early(self, mask: Prediction) -> None:
        """Show a mask of the prompts themselves, until there is a better one."""
        if self._workspace.view is not None:
            self._early = True
            self._workspace.view.show_hover(mask)

    def hide_early(self) -> None:
        """Show a mask of the prompts no more."""
        if self._early:
            self.clear()

    def move(self, frame: int | None, row: float, col: float) -> None:
        """Show what a click at a position of the plane would give."""
        session = self._workspace.session
        if not self._on or session is None or not self._workspace.has_model:
            return
        if session.image is not self._image:
            self.forget()
            self._image = session.image
        positive = self._workspace.positive
        prompts = session.current_prompts.point(row, col, positive=positive)
        tile = self._tile_under(session, frame, row, col, prompts)
        if tile is None:
            self.clear()
            return
        at = session.current
        if not session.image.is_embedded(at.frame, tile):
            self.clear()
            self._embed(at.frame, tile)
            return
        self._pending = Request(session.image, {at: prompts}, new_close_ups=False)
        self._workspace.executor.hover(self._pending, self._show, _ignore)

    def _tile_under(
        self,
        session: AnnotationSession,
        frame: int | None,
        row: float,
        col: float,
        prompts: Prompts,
    ) -> Tile | None:
        rows, cols = session.frames.plane_shape
        inside = -0.5 <= row < rows - 0.5 and -0.5 <= col < cols - 0.5
        if frame != session.current.frame or not inside or not prompts:
            return None
        try:
            return first_tile(prompts, session.image.tiling, (rows, cols))
        except PromptError:
            return None

    def _show(self, response: Response) -> None:
        session, view = self._workspace.session, self._workspace.view
        # The cursor may have moved on since; what follows it closely is good enough.
        if not self._on or session is None or view is None or self._pending is None:
            return
        (at,) = response.predictions
        if at == session.current and response.request.image is self._image:
            self._early = False
            view.show_hover(response.predictions[at])

    def _embed(self, frame: int, tile: Tile) -> None:
        """Embed a tile in the background, one at a time."""
        from napari_sam.image import PromptableImage

        image = self._image
        if self._embedding is not None or not isinstance(image, PromptableImage):
            return
        core = tile.region(image.frames.plane_shape)
        row, col = (int(position) for position in core.center)
        steps = image.iter_embed(
            region=(row, col, row + 1, col + 1), frames=[frame], levels=(tile.level,)
        )

        def ended(_: object) -> None:
            self._embedding = None

        self._embedding = self._workspace.executor.iterate(steps, _ignore, ended, ended)


def _ignore(_: object) -> None:
    """Do nothing: hovering is no reason to disturb anyone."""
