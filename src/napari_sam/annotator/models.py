"""Models: loaded beside the view, and images made ready for them."""

from __future__ import annotations

import logging
import threading
from copy import copy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from napari_sam.backends.subprocess import NoProcessError, SubprocessBackend
from napari_sam.core.progress import Progress
from napari_sam.jobs.settings import SegmentSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from napari_sam.annotator.workspace import Workspace
    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend, EmbeddingStore, Promptable
    from napari_sam.image import PromptableImage

LOADING, _PREPARING = "loading the model", "preparing the image"
#: The module that a model's process runs.
_PROCESS = "napari_sam.annotator.model_process"
_LOG = logging.getLogger(__name__)


class ModelPool:
    """Models in processes of their own, each shared by all who use it.

    A view then never waits for a model, nor the model for the view: both would share
    one interpreter. A model that nobody uses any more ends.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._models: WeakValueDictionary[
            tuple[tuple[str, str | None], ...], SubprocessBackend
        ] = WeakValueDictionary()

    def open(self, name: str | None, **options: str | None) -> Backend:
        """Open a model in its own process; where none can be had, in this one."""
        options["name"] = name
        key = tuple(sorted(options.items()))
        with self._lock:
            known = self._models.get(key)
            if known is None:
                try:
                    known = self._models[key] = SubprocessBackend(_PROCESS, options)
                except NoProcessError as error:
                    from napari_sam.api import load_backend

                    _LOG.warning("The model is opened in this process: %s", error)
                    return load_backend(**options)  # type: ignore[arg-type]
            return known


class Models:
    """The model that predicts masks of the image that is open.

    Parameters
    ----------
    workspace
        The image, and who does slow work.
    pool
        Opens models.
    store
        Where embeddings are kept. By default, in memory, for each image.
    ready
        Called when the image is ready to predict masks.

    Attributes
    ----------
    name
        Of the model that is used, or being loaded.
    """

    def __init__(
        self,
        workspace: Workspace,
        pool: ModelPool,
        *,
        store: EmbeddingStore | None,
        ready: Callable[[], object],
    ) -> None:
        self._workspace, self._pool, self._store = workspace, pool, store
        self._ready = ready
        self.name = self._loaded = "pocket"
        self._checkpoint: Path | None = None
        self._backend: Backend | None = None
        self._settings = SegmentSettings()

    @property
    def source(self) -> str | Path:
        """What the model is opened by: its name, or a file of weights."""
        return self._checkpoint or self._loaded

    @property
    def settings(self) -> SegmentSettings:
        """How masks are made of what the model predicts, of the image that is open."""
        session = self._workspace.session
        if session is None or not self._workspace.has_model:
            return self._settings
        return replace(self._settings, connected=session.image.connected)

    @settings.setter
    def settings(self, settings: SegmentSettings) -> None:
        changed = settings.connected != self.settings.connected
        self._settings = settings
        image = self._workspace.image
        if not changed or image is None or not image.has_model:
            return
        image.session.image = with_connected(image.session.image, settings.connected)
        for annotator in image.annotators:
            annotator.events.model_changed.emit()
        self._ready()

    def use(
        self,
        name: str | None = None,
        *,
        checkpoint: str | Path | None = None,
        device: str = "auto",
        precision: str = "auto",
    ) -> None:
        """Load a model beside the view, downloading it if need be."""
        wanted = name or (None if checkpoint else self.name)
        self.name = name or (Path(checkpoint).name if checkpoint else self.name)
        self._workspace.events.model_changed.emit()
        options = {
            "checkpoint": None if checkpoint is None else str(checkpoint),
            "device": device,
            "precision": precision,
        }
        steps = iter_load(self._pool, wanted, options)
        loaded = partial(self._on_loaded, None if name else checkpoint)
        self._workspace.tasks.run(LOADING, steps, loaded, self._on_failure)

    def prepare_image(self) -> None:
        """Make the open image ready for the model, once there is one."""
        image, backend = self._workspace.image, self._backend
        if image is None or backend is None:
            return
        steps = iter_prepare(
            image.source.frames, backend, channels=image.channels, store=self._store
        )
        connected = self.settings.connected

        def prepared(promptable: PromptableImage) -> None:
            image.session.image = with_connected(promptable, connected)
            if image is self._workspace.image:
                self._workspace.events.model_changed.emit()
                self._ready()

        self._workspace.tasks.run(_PREPARING, steps, prepared)

    def _on_loaded(self, checkpoint: str | Path | None, backend: Backend) -> None:
        self._backend, self._loaded = backend, self.name
        self._checkpoint = None if checkpoint is None else Path(checkpoint)
        self._workspace.events.model_changed.emit()
        self.prepare_image()

    def _on_failure(self, error: Exception) -> None:
        self.name = self._loaded
        self._workspace.events.report(error)
        self._workspace.events.model_changed.emit()


def iter_load(
    pool: ModelPool, name: str | None, options: dict[str, str | None]
) -> Generator[Progress, None, Backend]:
    """Open a model; if it is not on this disk, download it first."""
    from napari_sam import checkpoints

    if options["checkpoint"] is None and name is not None:
        known = (m for m in checkpoints.models() if m.weights is not None)
        entry = next((m for m in known if m.name == name), None)
        if entry is not None and not checkpoints.is_here(entry):
            yield from checkpoints.iter_download(name)
    yield Progress(0, 0, f"loading {name or 'the model'}")
    return pool.open(name, **options)


def iter_prepare(
    frames: Frames,
    backend: Backend,
    *,
    channels: Sequence[int] | None = None,
    store: EmbeddingStore | None = None,
) -> Generator[Progress, None, PromptableImage]:
    """Make an image ready for a model: fit the appearance to a sample of its pixels."""
    from napari_sam.image import PromptableImage
    from napari_sam.image.fitting import default_channels, fit_appearance

    yield Progress(0, 0, "fitting the contrast")
    shown = default_channels(frames) if channels is None else channels
    appearance = fit_appearance(frames, backend, channels=shown)
    return PromptableImage(frames, backend, appearance=appearance, store=store)


def with_connected(image: Promptable, connected: bool) -> Promptable:
    """Return an image whose masks keep only what is connected, or all; same store."""
    if image.connected == connected:
        return image
    other: Any = copy(image)
    other.connected = connected
    made: Promptable = other
    return made
