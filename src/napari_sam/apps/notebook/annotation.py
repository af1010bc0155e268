"""An annotation in a notebook: its widget, and what a cell reads of it."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from functools import cache
from typing import TYPE_CHECKING

from napari_sam.annotator.annotation import Annotation
from napari_sam.annotator.models import ModelPool
from napari_sam.annotator.object_list import ObjectList
from napari_sam.apps.notebook.controller import NotebookController
from napari_sam.apps.notebook.source import CellImage
from napari_sam.apps.notebook.widget import AnnotationWidget
from napari_sam.core.errors import SessionError
from napari_sam.session.picture import session_picture

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    import pandas as pd

    from napari_sam.annotator.annotator import Annotator
    from napari_sam.api.promptable import AnyImage
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.session.labels.arrays import LabelArray

#: Seconds after which whoever awaits looks again.
_AGAIN = 0.02


class NotebookAnnotation(Annotation):
    """An image that is annotated in a notebook; displayed as a widget.

    What is done in the widget is in `session` at once, and what a cell does to the
    session is in every widget of it.

    Parameters
    ----------
    image
        An array, the path of an image file, or what `read_image` gives.
    axes
        One letter of ``t z c y x`` per dimension.
    model
        A name, or a backend that is open already.
    labels
        Objects that are there already; they are written to.
    store
        Where embeddings are kept. By default, in memory.

    Attributes
    ----------
    widget
        The widget, whose traits can be observed: ``frame``, ``current_object``,
        ``object_count``, ``steps``, ``busy``.

    Examples
    --------
    >>> annotation = sam.annotate("cells.tif", view="notebook")  # doctest: +SKIP
    >>> annotation  # displays the widget  # doctest: +SKIP
    >>> annotation.table()  # in a later cell  # doctest: +SKIP
    """

    closed = "This annotation was closed: call annotate again."

    def __init__(
        self,
        image: AnyImage,
        *,
        axes: str | None = None,
        model: str | Backend = "pocket",
        labels: LabelArray | None = None,
        store: EmbeddingStore | None = None,
    ) -> None:
        pool = shared_pool() if isinstance(model, str) else OneModel(model)
        source = CellImage(image, axes=axes)
        self._controller = NotebookController(
            source, labels=labels, pool=pool, store=store
        )
        self.widget = AnnotationWidget(self._controller.receive)
        self._controller.displays.add(self.widget)
        self._controller.presenter.on_flush = self._set_traits
        name = model if isinstance(model, str) else type(model).__name__
        self.annotator.models.use(name)

    def __repr__(self) -> str:
        return f"NotebookAnnotation({self.session!r})"

    @property
    def annotator(self) -> Annotator:
        """All that the widget can do."""
        return self._controller.annotator

    def table(self) -> pd.DataFrame:
        """Return every object with its name, class, status and area in pixels."""
        import pandas as pd

        return pd.DataFrame(ObjectList(self.session).columns()).set_index("index")

    def wait(self, timeout: float | None = 300) -> NotebookAnnotation:
        """Wait until the model is loaded and every mask is predicted.

        Raises
        ------
        SessionError
            If that takes longer than `timeout` seconds.
        """
        controller = self._controller
        if not controller.cells.wait_until(lambda: controller.is_idle, timeout):
            raise SessionError(
                f"Still at work after {timeout} seconds. "
                "Wait longer, or press Cancel in the widget."
            )
        return self

    def result(self, timeout: float | None = 300) -> LabelArray:
        """Wait as `wait` does, and return the labels."""
        return self.wait(timeout).labels

    def save(self, path: str | Path) -> None:
        """Write the labels, or with ``.session.json`` the session, and wait for it."""
        self.annotator.persistence.save(path)
        self.wait()

    def pixels_changed(self) -> None:
        """Show and encode the pixels anew: call it after changing them in place.

        Labels and prompts stay; open prompts are predicted again.
        """
        self._controller.reload_pixels()

    def close(self) -> None:
        """Stop all work and let the model go; the journal of the session stays."""
        self._controller.close()
        self.widget.close()

    def __await__(self) -> Generator[object, None, LabelArray]:
        return self._until_idle().__await__()

    async def _until_idle(self) -> LabelArray:
        while not self._controller.is_idle:
            await asyncio.sleep(_AGAIN)
        return self.labels

    def _set_traits(self) -> None:
        session = self.annotator.session
        if session is not None:
            self.widget.frame = session.current.frame
            self.widget.current_object = session.current.object_id
            self.widget.object_count = len(session.objects)
            self.widget.steps = session.history.position
            self.widget.busy = self._controller.presenter.busy

    def _display_(self) -> AnnotationWidget:
        """Return what marimo displays."""
        return self.widget

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, object], object]:
        """Return the widget, and a picture for where no widget can run."""
        bundle, metadata = self.widget._repr_mimebundle_() or ({}, {})
        picture = session_picture(self.session)
        if picture is not None:
            bundle = bundle | {"image/png": b64encode(picture).decode()}
        return bundle, metadata


class OneModel(ModelPool):
    """A model that is open already, under any name."""

    def __init__(self, model: Backend) -> None:
        super().__init__()
        self._model = model

    def open(self, name: str | None, **_: str | None) -> Backend:
        """Return the model."""
        return self._model


@cache
def shared_pool() -> ModelPool:
    """Return the models that all annotations of this kernel share."""
    return ModelPool()
