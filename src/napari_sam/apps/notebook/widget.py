"""The widget that a browser draws: messages go out and come in here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
import traitlets

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from napari_sam.core.json_values import JsonDict, JsonObject

_FOLDER = Path(__file__).parent / "browser"
#: Parts of the one module that a browser loads, in order.
_PARTS = (
    "elements",
    "link",
    "viewport",
    "tiles",
    "overlays",
    "tools",
    "panels",
    "work",
    "review",
    "widget",
)


class AnnotationWidget(anywidget.AnyWidget):
    """A widget of an annotation; it may be displayed in any number of places.

    Everything it shows is told it by messages, so that what is drawn is always what
    Python has: a page that is loaded again asks, and is told.

    Parameters
    ----------
    receive
        Called with each message of a browser, on the thread where it arrives.
    read_only
        Whether the image is only looked at.
    face
        ``"annotation"``, or ``"review"`` for a labelled data set.

    Attributes
    ----------
    frame
        The plane in view.
    current_object
        Number of the object that prompts go to.
    object_count
        How many objects there are.
    steps
        Steps that were taken, for whoever waits for a change of labels or prompts.
    busy
        Name of the work that goes on; empty for none.
    """

    _esm = "\n".join((_FOLDER / f"{name}.js").read_text("utf-8") for name in _PARTS)
    _css = (_FOLDER / "widget.css").read_text("utf-8")

    read_only = traitlets.Bool(False).tag(sync=True)
    face = traitlets.Unicode("annotation").tag(sync=True)
    frame = traitlets.Int(0)
    current_object = traitlets.Int(1)
    object_count = traitlets.Int(0)
    steps = traitlets.Int(0)
    busy = traitlets.Unicode("")

    def __init__(
        self,
        receive: Callable[[JsonObject], object],
        *,
        read_only: bool = False,
        face: str = "annotation",
    ) -> None:
        super().__init__()
        self.read_only, self.face = read_only, face
        self._receive = receive
        self.on_msg(self._on_message)

    def send_message(self, content: JsonDict, buffers: Sequence[bytes] = ()) -> None:
        """Send a message to every place where it is drawn. From any thread."""
        self.send(content, list(buffers))

    def _on_message(self, _: object, content: JsonObject, __: object) -> None:
        if isinstance(content, dict):
            self._receive(content)
