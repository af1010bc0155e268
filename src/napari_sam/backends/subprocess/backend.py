"""`SubprocessBackend`: a backend whose model is in another process."""

from __future__ import annotations

import threading
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from napari_sam.backends.subprocess.prediction_codec import (
    pack_recalled,
    unpack,
    unpack_recalled,
)
from napari_sam.backends.subprocess.process import ModelProcess, ProcessEndedError
from napari_sam.backends.subprocess.word_client import BY_KIND
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.backends.subprocess.prediction_codec import (
        PackedPrediction,
        PackedRecalled,
    )
    from napari_sam.core.backend_spec import BackendSpec
    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.images.concepts import SupportsConcepts, SupportsMatching
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.mask import Mask
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import FeatureMap, Memory, Recalled

T = TypeVar("T")
#: Prompts sent at once by `iter_decode`.
_GROUP = 16


class SubprocessBackend:
    """The backend of a model in a process of its own.

    It starts a process, and another if that one ends. Its `spec` is that of the model,
    with the model's capabilities.

    Parameters
    ----------
    module
        What the process runs, as ``python -m`` takes it: a module that calls `serve`.
    options
        What the model is opened with, such as its name.

    Raises
    ------
    NoProcessError
        If no process can be started here.
    Exception
        What opening the model raised.
    """

    def __init__(self, module: str, options: Mapping[str, str | None]) -> None:
        self._module, self._options = module, dict(options)
        self._lock = threading.Lock()
        self._process = ModelProcess(module, self._options)
        try:
            self._fingerprint, self._spec = self._process.request("describe")
        except BaseException:
            self._process.end()
            raise

    def __repr__(self) -> str:
        return f"SubprocessBackend({self._spec.name!r})"

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would return other embeddings."""
        return str(self._fingerprint)

    @property
    def spec(self) -> BackendSpec:
        """The spec of the model, from its process."""
        return self._spec

    @property
    def working_size(self) -> int:
        """Side of the square that the image encoder takes, in its own pixels."""
        return self._spec.working_size

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``, in order.

        Raises
        ------
        ModelError
            If the process ends twice while it computes this.
        """
        given = list(planes)
        found, self._spec = self._call(lambda process: process.request("encode", given))
        return list(found)

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode the best mask of each prompt, in tile coordinates.

        Raises
        ------
        PromptError
            If one of them has no positive prompt.
        ModelError
            If the process ends twice while it computes this.
        """
        tile, given = Embedding.from_mapping(embedding), list(prompts)

        def request(process: ModelProcess) -> list[PackedPrediction] | None:
            found: list[PackedPrediction] | None = process.request(
                "decode", tile.digest, given
            )
            return found

        return [unpack(sent) for sent in self._about(tile, request)]

    def instance_maps(self, embedding: EmbeddingArrays) -> InstanceMaps:
        """Return the maps of all objects of a tile.

        Raises
        ------
        ModelError
            If the model has no instance head, or the process ends twice.
        """
        tile = Embedding.from_mapping(embedding)

        def request(process: ModelProcess) -> InstanceMaps | None:
            found: InstanceMaps | None = process.request("instance_maps", tile.digest)
            return found

        return self._about(tile, request)

    def features(self, embedding: EmbeddingArrays) -> list[FeatureMap]:
        """Return the features of a tile; see `SupportsFeatures`.

        Raises
        ------
        ModelError
            If the model has no features, or the process ends twice.
        """
        tile = Embedding.from_mapping(embedding)

        def request(process: ModelProcess) -> list[FeatureMap] | None:
            found: list[FeatureMap] | None = process.request("features", tile.digest)
            return found

        return self._about(tile, request)

    def memorize(
        self,
        embedding: EmbeddingArrays,
        masks: Sequence[Mask],
        *,
        recalled: Sequence[Recalled] | None = None,
    ) -> list[Memory]:
        """Remember objects of one tile; see `SupportsVideo`.

        Raises
        ------
        ModelError
            If the model has no memory, or the process ends twice.
        """
        tile, given = Embedding.from_mapping(embedding), list(masks)
        known = None if recalled is None else [pack_recalled(r) for r in recalled]

        def request(process: ModelProcess) -> list[Memory] | None:
            found: list[Memory] | None = process.request(
                "memorize", tile.digest, given, known
            )
            return found

        return self._about(tile, request)

    def recall(
        self, embedding: EmbeddingArrays, memories: Sequence[Sequence[Memory]]
    ) -> list[Recalled]:
        """Find objects on a tile, each by its memories; see `SupportsVideo`.

        Raises
        ------
        ModelError
            If the model has no memory, one of them has none, or the process ends twice.
        """
        tile, given = Embedding.from_mapping(embedding), [list(m) for m in memories]

        def request(process: ModelProcess) -> list[PackedRecalled] | None:
            found: list[PackedRecalled] | None = process.request(
                "recall", tile.digest, given
            )
            return found

        return [unpack_recalled(sent) for sent in self._about(tile, request)]

    def iter_decode(
        self, embedding: EmbeddingArrays, prompts: Iterable[Prompts]
    ) -> Iterator[Prediction]:
        """Like `decode`, with the predictions of a few prompts in memory at a time."""
        tile, waiting = Embedding.from_mapping(embedding), iter(prompts)
        while some := list(islice(waiting, _GROUP)):
            yield from self.decode(tile, some)

    def open_words(
        self, folder: Path | None
    ) -> SupportsConcepts | SupportsMatching | None:
        """Open a model of words in the process, beside the model.

        Parameters
        ----------
        folder
            Where it is; for None, the model itself, if it knows words.

        Raises
        ------
        CheckpointError
            If the folder holds none that can be opened.
        ModelError
            If the process ends twice while it opens it.
        """
        name, kind = self._call(lambda p: p.request("describe_words", folder))
        opened = BY_KIND.get(kind)
        return None if opened is None else opened(name, partial(self._ask, folder))

    def _ask(self, folder: Path | None, method: str, *arguments: object) -> object:
        """Ask a model of words; a process that had to be replaced opens it again."""
        given = (folder, method, *arguments)
        return self._call(lambda process: process.request("ask_words", *given))

    def end(self) -> None:
        """End the process; the next request starts it again."""
        self._process.end()

    def _about(self, tile: Embedding, request: Callable[[ModelProcess], T | None]) -> T:
        """Request something of an embedding, which is sent if it is not there."""

        def until_there(process: ModelProcess) -> T:
            while (found := request(process)) is None:
                process.request("cache", tile)
            return found

        return self._call(until_there)

    def _call(self, request: Callable[[ModelProcess], T]) -> T:
        """Send a request to the process; if it ends meanwhile, to another one, once."""
        process = self._process
        try:
            return request(process)
        except ProcessEndedError:
            process = self._in_other_process(process)
        try:
            return request(process)
        except ProcessEndedError as gone:
            raise ModelError(
                f"The process of {self!r} ended twice before it returned ({gone}). "
                "Systems end processes when memory runs out: close other programs, or "
                "take a smaller model, and try again. Prompts and labels are not lost."
            ) from gone

    def _in_other_process(self, ended: ModelProcess) -> ModelProcess:
        """Replace a process that has ended, once for all threads."""
        with self._lock:
            if self._process is ended:
                ended.end()
                self._process = ModelProcess(self._module, self._options)
            return self._process
