"""The annotator of a notebook: its session, its view, and who draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_sam.annotator.annotator import Annotator
from napari_sam.annotator.everything import usual_filters
from napari_sam.annotator.open_image import OpenImage
from napari_sam.annotator.thread_executor import ThreadExecutor
from napari_sam.apps.notebook import browser_requests, browser_state
from napari_sam.apps.notebook.cell_thread import CellThread
from napari_sam.apps.notebook.displays import Displays
from napari_sam.apps.notebook.presenter import Presenter
from napari_sam.apps.notebook.screen import Screen
from napari_sam.apps.notebook.tile_server import TileServer, read_requests
from napari_sam.apps.notebook.view import NotebookView

if TYPE_CHECKING:
    from napari_sam.annotator.models import ModelPool
    from napari_sam.annotator.view import ImageSource
    from napari_sam.core.json_values import JsonDict, JsonObject
    from napari_sam.core.protocols import EmbeddingStore
    from napari_sam.session.labels.arrays import LabelArray


class NotebookController:
    """Opens an image in an annotator, and shows it by widgets.

    Parameters
    ----------
    source
        The image.
    labels
        Objects that are there already; they are written to.
    pool, store
        Opens models; where embeddings are kept. By default, both of its own.

    Attributes
    ----------
    annotator
        What can be done to the image.
    cells
        The thread of the cells.
    displays, presenter, screen, tiles
        The widgets, what they are told, how the image looks, and its tiles.
    view
        The view of the annotator, or None after `close`.
    """

    def __init__(
        self,
        source: ImageSource,
        *,
        labels: LabelArray | None = None,
        pool: ModelPool | None = None,
        store: EmbeddingStore | None = None,
    ) -> None:
        self.cells, self.displays = CellThread(), Displays()
        self.screen = Screen(source.frames)
        self._executor = ThreadExecutor(self.cells)
        self.view: NotebookView | None = None
        self.tiles = TileServer(
            source.frames, self.screen, self.displays, self._on_unreadable
        )
        self.annotator = Annotator(self._executor, self, pool=pool, store=store)
        self.presenter = Presenter(
            self.annotator, self.displays, self.cells, self.screen
        )
        self.annotator.open(OpenImage.of(source, labels=labels))

    def show(self, image: OpenImage) -> NotebookView:
        """Show the session of an image in all widgets."""
        session = image.session
        view = self.view = NotebookView(image, self.displays, self.presenter.refresh)
        self.tiles.show(session.state.labels, self.annotator.everything)
        self.presenter.show(session, view)
        return view

    def hide(self, _: OpenImage) -> None:
        """Take the view of the image away."""
        self.presenter.hide()
        self.view = None

    def receive(self, message: JsonObject) -> None:
        """Take what a browser sent, on whatever thread it arrives."""
        if message.get("kind") == "tiles":
            self._on_tiles(message)
            return
        self.cells.deliver(lambda: self._handle(message))

    @property
    def is_idle(self) -> bool:
        """Whether nothing goes on, and nothing waits for the thread of the cells."""
        # In this order: what a thread has sent before it ended is waiting by now.
        ended = not self._executor.is_working
        return self.cells.run_waiting() == 0 and ended and not self.presenter.busy

    def reload_pixels(self) -> None:
        """Show the pixels anew, and make them ready for the model: they are others."""
        self.screen.forget()
        self.presenter.stale("image")
        self.annotator.models.prepare_image()

    def send_state(self) -> None:
        """Send the whole state, as to a browser that has none yet."""
        image, session = self.annotator.image, self.annotator.session
        if image is None or session is None:
            return
        overview = self.tiles.image.shows_all_at_once
        facts = browser_state.image_state(
            session,
            image.source.name,
            overview=overview,
            filters=usual_filters(image),
        )
        self.displays.send({"kind": "image", **facts})
        self.presenter.send_state()

    def close(self) -> None:
        """Leave for good; the journal of the session stays."""
        self.annotator.close()
        self.tiles.close()
        self._executor.close()

    def _handle(self, message: JsonObject) -> None:
        browser_requests.handle(self, message)
        number = message.get("n")
        if isinstance(number, int):
            self.displays.send({"kind": "done", "n": number, "who": message.get("who")})

    def _on_tiles(self, message: JsonObject) -> None:
        try:
            self.tiles.ask(read_requests(message))
        except (KeyError, TypeError, ValueError) as wrong:
            self._on_unreadable(f"The widget asked for tiles that are none: {wrong}.")

    def _on_unreadable(self, why: str) -> None:
        message: JsonDict = {"kind": "say", "level": "error", "text": why}
        self.displays.send(message)
