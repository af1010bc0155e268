"""What a worker opens: named, so that it travels, and opened once per process."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4
from weakref import WeakValueDictionary

from napari_sam.image import PromptableImage
from napari_sam.io import read_image
from napari_sam.stores.zarr import ZarrStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.protocols import Backend, EmbeddingStore


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """Which model, as it is asked for by name.

    Attributes
    ----------
    load
        A function of a module, such as `napari_sam.load_backend`: it travels by name.
    name, checkpoint, device, precision
        What it is given.
    """

    load: Callable[..., Backend]
    name: str | None = None
    checkpoint: str | None = None
    device: str = "auto"
    precision: str = "auto"


@dataclass(frozen=True, slots=True)
class Opening:
    """An image that answers prompts, before it is opened.

    Attributes
    ----------
    path
        A file, folder or URL that every worker can read.
    model
        Who answers.
    appearance
        How pixels are shown to the model: fitted once, and the same for all workers.
    tiling
        How planes are cut.
    axes
        What the axes mean, if the file does not say it.
    store
        Where embeddings are kept; without one, each worker computes its own.
    threads
        Threads to compute with on a CPU; None leaves it to torch.
    stamp
        Time and size of a file of this machine, or else a new word for each opening: an
        image that was changed is another, also to a worker that lives on.
    connected
        Whether of masks for clicks only the parts that they hit are kept.
    """

    path: str
    model: ModelChoice
    appearance: Appearance
    tiling: Tiling
    axes: str | None = None
    store: str | None = None
    threads: int | None = None
    stamp: str = ""
    connected: bool = True

    @classmethod
    def of(
        cls,
        image: PromptableImage,
        path: str,
        model: ModelChoice,
        *,
        axes: str | None = None,
        store: str | None = None,
    ) -> Opening:
        """Name an image that is open here, as it is shown and cut here.

        Where this process does tasks itself, it asks the same model, and not another
        copy of it.
        """
        with suppress(TypeError):  # of one with slots there would be two
            _OPEN[model] = image.backend
        return cls(
            path,
            model,
            image.appearance,
            image.tiling,
            axes=axes,
            store=store,
            stamp=stamp_of(path) or uuid4().hex,  # elsewhere, it is not believed
            connected=image.connected,
        )


def stamp_of(path: str) -> str:
    """Return what changes with a file; nothing if it is not on this machine."""
    try:
        said = Path(path).stat()
    except OSError:
        return ""
    return f"{said.st_mtime_ns} {said.st_size}"


#: Models that are open in this process, as long as somebody uses them.
_OPEN: WeakValueDictionary[ModelChoice, Backend] = WeakValueDictionary()


@lru_cache(maxsize=2)
def opened(opening: Opening) -> PromptableImage:
    """Open it; a worker does so once, and not for each task."""
    backend = _loaded(opening.model)
    _use_threads(opening.threads)
    return PromptableImage(
        read_image(opening.path, axes=opening.axes).frames,
        backend,
        appearance=opening.appearance,
        store=_store(opening.store),
        tiling=opening.tiling,
        connected=opening.connected,
    )


@lru_cache(maxsize=2)
def _loaded(model: ModelChoice) -> Backend:
    here = _OPEN.get(model)
    return here or model.load(
        model.name,
        checkpoint=model.checkpoint,
        device=model.device,
        precision=model.precision,
    )


def _store(path: str | None) -> EmbeddingStore | None:
    return None if path is None else ZarrStore(path)


def _use_threads(count: int | None) -> None:
    if count is not None and "torch" in sys.modules:
        from napari_sam.backends.torch_tools import use_threads

        use_threads(count)
