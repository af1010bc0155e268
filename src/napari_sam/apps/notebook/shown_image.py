"""An image that is only looked at, with labels and prompts, in browsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.apps.notebook import browser_state
from napari_sam.apps.notebook.browser_requests import frame_of, screen_of
from napari_sam.apps.notebook.displays import Displays
from napari_sam.apps.notebook.screen import Screen
from napari_sam.apps.notebook.tile_server import TileServer, read_requests
from napari_sam.core.address import Address

if TYPE_CHECKING:
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.session import AnnotationSession


class ShownImage:
    """Answers the browsers that show a session which nobody changes.

    Parameters
    ----------
    session
        The image, with its labels and prompts.
    """

    def __init__(self, session: AnnotationSession) -> None:
        self.session, frames = session, session.frames
        self.displays = Displays()
        self._screen = Screen(frames)
        self._tiles = TileServer(frames, self._screen, self.displays, self._say)
        self._tiles.show(self.session.state.labels, None)

    def receive(self, message: JsonObject) -> None:
        """Take what a browser sent."""
        kind = message.get("kind")
        try:
            if kind == "tiles":
                self._tiles.ask(read_requests(message))
            elif kind == "hello":
                self._tell_all()
            elif kind == "frame":
                frame = frame_of(self.session, message)
                self.session.current = Address(frame, self.session.current.object_id)
            elif kind == "screen":
                self._screen.choose(screen_of(message))
                self.displays.send({"kind": "stale", "layer": "image"})
        except (KeyError, TypeError, ValueError, AttributeError) as wrong:
            self._say(f"The widget sent {kind!r} in an unknown form: {wrong!r}.")
        self._answer(message)

    def _answer(self, message: JsonObject) -> None:
        if message.get("kind") in ("frame", "screen"):
            self.displays.send({"kind": "state", **self._parts()})
        if isinstance(message.get("n"), int):
            done: JsonDict = {"kind": "done", "n": message["n"]}
            self.displays.send(done | {"who": message.get("who")})

    def _tell_all(self) -> None:
        overview = self._tiles.image.shows_all_at_once
        facts = browser_state.image_state(self.session, "image", overview=overview)
        self.displays.send({"kind": "image", **facts})
        self.displays.send({"kind": "state", **self._parts()})
        entries = browser_state.object_entries(self.session)
        self.displays.send({"kind": "objects", "all": True, "entries": entries})

    def _parts(self) -> dict[str, JsonDict]:
        return {
            "activity": {"ready": True, "model": "", "trouble": ""},
            "frame": browser_state.frame_state(self.session),
            "prompts": browser_state.prompts_state(self.session),
            "everything": {"frame": None},
            "selected": {"object": None},
            "tracks": {"flagged": 0},
            "screen": self._screen.describe(),
        }

    def _say(self, why: str) -> None:
        self.displays.send({"kind": "say", "level": "error", "text": why})
