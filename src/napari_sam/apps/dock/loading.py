"""Long work in steps: loading models, and making images ready to answer."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from napari_sam.backends.subprocess import NoProcessError, SubprocessBackend
from napari_sam.core.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from napari_sam.core.images.frames import Frames
    from napari_sam.core.protocols import Backend, EmbeddingStore
    from napari_sam.image import PromptableImage

#: Channels that a model is shown at most, unless they are chosen.
_SHOWN = 3
#: What the process of a model runs.
_PROCESS = "napari_sam.apps.dock.model_process"
_LOG = logging.getLogger(__name__)
_LOCK = threading.Lock()
#: Models that somebody uses, by what they were opened with.
_APART: WeakValueDictionary[tuple[tuple[str, str | None], ...], SubprocessBackend] = (
    WeakValueDictionary()
)


def iter_load(
    name: str | None, *, checkpoint: str | Path | None, device: str, precision: str
) -> Generator[Progress, None, Backend]:
    """Open a model; if it is not on this disk, download it first."""
    from napari_sam import checkpoints

    if checkpoint is None and name is not None:
        known = (m for m in checkpoints.models() if m.weights is not None)
        entry = next((m for m in known if m.name == name), None)
        if entry is not None and not checkpoints.is_here(entry):
            yield from checkpoints.iter_download(name)
    yield Progress(0, 0, f"loading {name or 'the model'}")
    path = None if checkpoint is None else str(checkpoint)
    return open_model(name, checkpoint=path, device=device, precision=precision)


def open_model(name: str | None, **options: str | None) -> Backend:
    """Open a model in a process of its own, or where none can be had, in this one.

    A window then never waits for a model, nor the model for the window: both would
    share one interpreter. All widgets share the process of a model.
    """
    options["name"] = name
    key = tuple(sorted(options.items()))
    with _LOCK:
        known = _APART.get(key)
        if known is None:
            try:
                known = _APART[key] = SubprocessBackend(_PROCESS, options)
            except NoProcessError as wrong:
                from napari_sam.api import load_backend

                _LOG.warning("The model is opened beside the window: %s", wrong)
                return load_backend(**options)  # type: ignore[arg-type]
        return known


def iter_prepare(
    frames: Frames,
    backend: Backend,
    *,
    channels: Sequence[int] | None = None,
    store: EmbeddingStore | None = None,
) -> Generator[Progress, None, PromptableImage]:
    """Make an image ready to answer: look at a sample of it, to set its contrast."""
    from napari_sam.image import PromptableImage
    from napari_sam.image.fitting import fit_appearance

    yield Progress(0, 0, "looking at the image")
    shown = default_channels(frames) if channels is None else channels
    look = fit_appearance(frames, backend, channels=shown)
    return PromptableImage(frames, backend, appearance=look, store=store)


def default_channels(frames: Frames) -> tuple[int, ...] | None:
    """Return the channels that are shown where nobody chose; None where all are."""
    count = frames.n_channels
    if count is None or count in (1, 3) or (count == 4 and frames.axes[-1] == "c"):
        return None
    return tuple(range(min(count, _SHOWN)))
