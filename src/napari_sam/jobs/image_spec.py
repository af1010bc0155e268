"""Images as workers name them: a spec travels, and is opened once per worker."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import uuid4

from napari_sam.image import PromptableImage
from napari_sam.io.images import read_part
from napari_sam.io.readers.image import ImagePart
from napari_sam.stores.memory_store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari_sam.core.geometry.tiling import Tiling
    from napari_sam.core.images.appearance import Appearance
    from napari_sam.core.protocols import Backend, EmbeddingStore

#: Files of this kind name others, whose pixels may change without them.
_NAMES_OTHERS = (".vrt", ".xml", ".ome", ".json", ".txt")

K = TypeVar("K")
V = TypeVar("V")
#: Bytes of embeddings that a job without a store has in memory: the tiles around.
_AROUND = 2**29
#: The same for a job that needs each tile once.
ONE_BY_ONE = 2**26

_WHOLE = ImagePart()


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model by its name, for workers that open it themselves.

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

    def open(self) -> Backend:
        """Open the model."""
        return self.load(
            self.name,
            checkpoint=self.checkpoint,
            device=self.device,
            precision=self.precision,
        )


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """A promptable image by its path, model, appearance and tiling.

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
    part
        Which image of the file.
    store
        Where embeddings are stored; without one, each worker computes its own.
    threads
        Threads to compute with on a CPU; None leaves it to torch.
    stamp
        Time and size of a file of this machine, or else a new word for each opening: an
        image that was changed is another, also to a worker that lives on.
    connected
        Whether masks of clicks have only the parts that they hit.
    in_memory
        Bytes of embeddings that are kept in memory where there is no store.
    backend
        The model, where it is open in this process; it does not travel.
    """

    path: str
    model: ModelSpec
    appearance: Appearance
    tiling: Tiling
    axes: str | None = None
    part: ImagePart = _WHOLE
    store: str | None = None
    threads: int | None = None
    stamp: str = ""
    connected: bool = True
    in_memory: int = _AROUND
    backend: Backend | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(
        cls,
        image: PromptableImage,
        path: str,
        model: ModelSpec,
        *,
        axes: str | None = None,
        part: ImagePart = _WHOLE,
        store: str | None = None,
    ) -> ImageSpec:
        """Return the spec of an image that is open here, as it is shown and cut here.

        Where this process does tasks itself, it uses the same model, and not another
        copy of it.
        """
        return cls(
            absolute_path(path),
            model,
            image.appearance,
            image.tiling,
            axes=axes,
            part=part,
            store=None if store is None else absolute_path(store),
            stamp=file_stamp(path) or uuid4().hex,  # elsewhere, it is not believed
            connected=image.connected,
            backend=image.backend,
        )

    def for_workers(self, threads: int | None) -> ImageSpec:
        """Return the spec for workers of so many threads each; None is this process."""
        backend = self.backend if threads is None else None
        return replace(self, threads=threads, backend=backend)


def absolute_path(path: str | Path) -> str:
    """Return a path for workers that run in other folders; a URL stays as it is."""
    return str(path) if "://" in str(path) else os.path.abspath(path)


def file_stamp(path: str) -> str:
    """Return what changes with an image, also where it is a folder of files.

    Nothing if that cannot be known: it is not on this machine, or only names files
    whose pixels lie elsewhere.
    """
    root = Path(path)
    if root.suffix.lower() in _NAMES_OTHERS:
        return ""
    try:
        stat = root.stat()
        if not root.is_dir():
            return f"{stat.st_mtime_ns} {stat.st_size}"
        return _folder_stamp(root)
    except OSError:
        return ""


def _folder_stamp(root: Path) -> str:
    """Digest of names, times and sizes of all files: a folder's own tell of none."""
    found = []
    for folder, _, names in os.walk(root, followlinks=True, onerror=_refuse):
        for name in names:
            file = os.path.join(folder, name)
            stat = os.stat(file)
            inside = os.path.relpath(file, root)
            found.append(f"{inside} {stat.st_mtime_ns} {stat.st_size}")
    text = "\n".join(sorted(found))
    return blake2b(text.encode("utf-8", "surrogateescape"), digest_size=16).hexdigest()


def _refuse(wrong: OSError) -> None:
    """Let a folder that cannot be listed be one of which nothing is known."""
    raise wrong


class OpenImages:
    """Images that are open in one worker, with their models: the latest two of each."""

    def __init__(self) -> None:
        self._images: dict[ImageSpec, PromptableImage] = {}
        self._models: dict[ModelSpec, Backend] = {}

    def open(self, spec: ImageSpec) -> PromptableImage:
        """Return the image of a spec, opened when it is first needed."""
        if spec not in self._images:
            self._images[spec] = open_image(spec, self._backend(spec))
            _drop_oldest(self._images)
        return self._images[spec]

    def _backend(self, spec: ImageSpec) -> Backend:
        if spec.backend is not None:
            return spec.backend
        if spec.model not in self._models:
            self._models[spec.model] = spec.model.open()
            _drop_oldest(self._models)
        return self._models[spec.model]


def open_image(spec: ImageSpec, backend: Backend | None = None) -> PromptableImage:
    """Open an image and, unless it is given or open here, its model."""
    backend = backend or spec.backend or spec.model.open()
    use_threads(spec.threads)
    return PromptableImage(
        read_part(spec.path, spec.part, axes=spec.axes).frames,
        backend,
        appearance=spec.appearance,
        store=job_store(spec.store, spec.in_memory),
        tiling=spec.tiling,
        connected=spec.connected,
    )


def job_store(path: str | None, in_memory: int = _AROUND) -> EmbeddingStore:
    """Open the store of a job; without one, the latest tiles are in memory.

    Few of them: a job goes from tile to tile, and does not come back as a person does.

    Parameters
    ----------
    path
        Of the store; without one, it is in memory.
    in_memory
        Bytes of embeddings that are kept there.
    """
    if path is None:
        return MemoryStore(in_memory)
    from napari_sam.stores.zarr_store import ZarrStore

    return ZarrStore(path)


def _drop_oldest(held: dict[K, V], most: int = 2) -> None:
    while len(held) > most:
        del held[next(iter(held))]


def use_threads(count: int | None) -> None:
    """Let torch compute with so many threads, if it is imported; None leaves it."""
    if count is not None and "torch" in sys.modules:
        from napari_sam.backends import devices

        devices.use_threads(count)
