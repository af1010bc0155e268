"""Tiles, rendered on threads of their own: panning goes on while a cell runs."""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_sam.apps.notebook.image_tiles import ImageTiles, TileAddress
from napari_sam.apps.notebook.label_tiles import draw_labels, draw_masks, pack_runs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.annotator.everything import Everything
    from napari_sam.apps.notebook.displays import Displays
    from napari_sam.apps.notebook.screen import Screen
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.session.labels.label_store import LabelStore

_LOG = logging.getLogger(__name__)
#: Tiles that may wait; beyond, the oldest are forgotten: they left the view long ago.
_MOST_WAITING = 512
#: Seconds that the thread waits for more before it ends.
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class TileRequest:
    """A tile of a layer, ``"image"``, ``"labels"`` or ``"found"``, as it is asked for.

    `token` is sent back: a browser knows by it who asked, and before which change.
    """

    layer: str
    tile: TileAddress
    token: str


def read_requests(message: JsonObject) -> list[TileRequest]:
    """Read what a browser asks for.

    Raises
    ------
    ValueError
        If these are no tiles; other errors of what was read are possible.
    """
    return [
        TileRequest(str(layer), TileAddress(*map(int, tile)), str(token))
        for layer, tile, token in message["wants"]
    ]


class TileServer:
    """Answers requests for tiles, the newest first: what is in view now.

    Parameters
    ----------
    frames, screen
        The image, and how it is shown.
    displays
        Who gets the tiles.
    failed
        Called, on another thread, with a sentence if pixels cannot be read.
    """

    def __init__(
        self,
        frames: Frames,
        screen: Screen,
        displays: Displays,
        failed: Callable[[str], object],
    ) -> None:
        self.image = ImageTiles(frames)
        self._screen, self._displays, self._failed = screen, displays, failed
        self._plane, self._count = frames.plane_shape, len(frames)
        self._labels: LabelStore | None = None
        self._everything: Everything | None = None
        self._wake = threading.Condition()
        self._waiting: deque[TileRequest] = deque(maxlen=_MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._open = True

    def show(self, labels: LabelStore, everything: Everything | None) -> None:
        """Draw these labels, and these automatic masks."""
        self._labels, self._everything = labels, everything

    def ask(self, requests: Sequence[TileRequest]) -> None:
        """Have tiles rendered and sent. From any thread."""
        with self._wake:
            self._waiting.extend(requests)
            if self._thread is None and self._open:
                self._thread = threading.Thread(
                    target=self._serve, name="napari-sam tiles", daemon=True
                )
                self._thread.start()
            self._wake.notify()

    def close(self) -> None:
        """Stop the threads that render tiles."""
        with self._wake:
            self._open = False
            self._waiting.clear()
            self._wake.notify()

    def answer(self, request: TileRequest) -> tuple[JsonDict, list[bytes]]:
        """Return the message that shows a tile.

        Raises
        ------
        ValueError
            If there is no such tile.
        """
        tile, shape = request.tile, request.tile.window(self._plane).shape
        if min(shape) < 1 or tile.frame >= self._count:
            raise ValueError(f"{tile} lies outside of the image.")
        message: JsonDict = {
            "kind": "tile",
            "layer": request.layer,
            "tile": [tile.frame, tile.level, tile.row, tile.col],
            "token": request.token,
            "shape": list(shape),
        }
        if request.layer == "image":
            pixels = self.image.render(tile, self._screen.appearance)
            return message | {"depth": pixels.ndim - 1}, [pixels.tobytes()]
        return message, [self._runs(request.layer, tile)]

    def _runs(self, layer: str, tile: TileAddress) -> bytes:
        if layer == "labels" and self._labels is not None:
            return pack_runs(draw_labels(self._labels, tile))
        everything = self._everything
        if layer == "found" and everything is not None:
            masks = everything.masks if tile.frame == everything.frame else ()
            return pack_runs(draw_masks(masks, tile, self._plane))
        return b""

    def _serve(self) -> None:
        while (request := self._next()) is not None:
            try:
                self._displays.send(*self.answer(request))
            except Exception as wrong:  # whatever reads pixels; other tiles may do
                _LOG.warning("A tile could not be made: %r", wrong)
                self._failed(str(wrong) or type(wrong).__name__)

    def _next(self) -> TileRequest | None:
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or not self._open, _PATIENCE)
            if self._waiting and self._open:
                return self._waiting.pop()
            self._thread = None
            return None
