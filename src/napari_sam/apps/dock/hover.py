"""The mask under the cursor: shown as it goes, never kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_sam.core.errors import PromptError
from napari_sam.core.prompts.prompts_in_tiles import first_tile
from napari_sam.session.requests import Request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_sam.apps.dock.binding import LayerBinding
    from napari_sam.apps.dock.work import Work
    from napari_sam.core.address import Address
    from napari_sam.core.geometry.tiles import Tile
    from napari_sam.core.prompts import Prompts
    from napari_sam.session.requests import Response


class Hover:
    """Asks what a click under the cursor would give.

    Only where the image was looked at already, since hovering must not begin what
    takes seconds: elsewhere, looking begins in the background, once, and masks appear
    when it is done.

    Attributes
    ----------
    on
        Whether it shows anything.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self.on = False
        self._binding: LayerBinding | None = None
        self._warm: set[tuple[int, int, int]] = set()
        self._warming: Any = None
        self._image: Any = None
        self._asked: Request | None = None

    def attach(self, binding: LayerBinding | None) -> None:
        """Hover over another image, or over none."""
        self.clear()
        self._binding = binding
        self.forget()

    def forget(self) -> None:
        """Take nothing for looked at any more."""
        self._warm.clear()
        if self._warming is not None:
            self._warming.cancel()
            self._warming = None

    def clear(self) -> None:
        """Show nothing, and drop the answer that may come."""
        self._asked = None
        if self._binding is not None:
            self._binding.show_hover(None)

    def seen(self, at: Address, answered: Prompts) -> None:
        """Remember that the image was looked at where a question was answered."""
        if self._binding is not None:
            self._check_image()
            self._warm.add(_place(at.frame, self._tile(answered)))

    def move(self, position: Sequence[float], *, positive: bool) -> None:
        """Show what a click at a position of the world would give."""
        binding = self._binding
        if not self.on or binding is None:
            return
        self._check_image()
        session, geometry = binding.session, binding.geometry
        data = geometry.of_world(position)[0]
        frame = geometry.frame_of(data)
        row, col = data[list(geometry.plane_axes)].tolist()
        rows, cols = geometry.frames.plane_shape
        inside = -0.5 <= row < rows - 0.5 and -0.5 <= col < cols - 0.5
        prompts = session.current_prompts.point(row, col, positive=positive)
        if frame != session.current.frame or not inside or not prompts:
            self.clear()
            return
        try:
            tile = self._tile(prompts)
        except PromptError:
            self.clear()
            return
        if _place(frame, tile) not in self._warm:
            self.clear()
            self._warm_up(frame, tile)
            return
        request = Request(session.image, {session.current: prompts})
        self._asked = request
        self._work.hover(request, self._show, _ignore)

    def _show(self, response: Response) -> None:
        binding = self._binding
        # The cursor may have moved on since; what follows it closely is good enough.
        if self.on and binding is not None and self._asked is not None:
            (at,) = response.predictions
            if at == binding.session.current and response.request.image is self._image:
                binding.show_hover(response.predictions[at])

    def _tile(self, prompts: Prompts) -> Tile:
        assert self._binding is not None
        image = self._binding.session.image
        return first_tile(prompts, image.tiling, image.frames.plane_shape)

    def _warm_up(self, frame: int, tile: Tile) -> None:
        """Look at a tile in the background, one at a time."""
        image = self._image
        if self._warming is not None or not hasattr(image, "iter_embed"):
            return
        core = tile.region(image.frames.plane_shape)
        row, col = core.center
        work = image.iter_embed(
            region=(int(row), int(col), int(row) + 1, int(col) + 1),
            frames=[frame],
            levels=(tile.level,),
        )

        def done(_: Any) -> None:
            self._warming = None
            if image is self._image:
                self._warm.add(_place(frame, tile))

        def failed(_: Exception) -> None:
            self._warming = None

        self._warming = self._work.iterate(work, _ignore, done, failed)

    def _check_image(self) -> None:
        """Begin anew when another model or other pixels answer."""
        assert self._binding is not None
        image = self._binding.session.image
        if image is not self._image:
            self.forget()
            self._image = image


def _place(frame: int, tile: Tile) -> tuple[int, int, int]:
    return frame, tile.level, tile.index


def _ignore(_: object) -> None:
    """Do nothing: hovering is no reason to disturb anyone."""
