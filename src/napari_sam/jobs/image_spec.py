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
class ModelSpec:
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
class ImageSpec:
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
    model: ModelSpec
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
        model: ModelSpec,
        *,
        axes: str | None = None,
        store: str | None = None,
    ) -> ImageSpec:
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
            stamp=file_stamp(path) or uuid4().hex,  # elsewhere, it is not believed
            connected=image.connected,
        )


def file_stamp(path: str) -> str:
    """Return what changes with a file; nothing if it is not on this machine."""
    try:
        said = Path(path).stat()
    except OSError:
        return ""
    return f"{said.st_mtime_ns} {said.st_size}"


#: Models that are open in this process, as long as somebody uses them.
_OPEN: WeakValueDictionary[ModelSpec, Backend] = WeakValueDictionary()


@lru_cache(maxsize=2)
def open_image(spec: ImageSpec) -> PromptableImage:
    """Open it; a worker does so once, and not for each task."""
    backend = _loaded(spec.model)
    _use_threads(spec.threads)
    return PromptableImage(
        read_image(spec.path, axes=spec.axes).frames,
        backend,
        appearance=spec.appearance,
        store=_store(spec.store),
        tiling=spec.tiling,
        connected=spec.connected,
    )


@lru_cache(maxsize=2)
def _loaded(model: ModelSpec) -> Backend:
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
