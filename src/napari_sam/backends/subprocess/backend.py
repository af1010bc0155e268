"""The side that asks: a backend whose model is in another process."""

from __future__ import annotations

import itertools
import threading
import weakref
from typing import TYPE_CHECKING, Any

from napari_sam.backends.subprocess.prediction_codec import unpack
from napari_sam.backends.subprocess.process import ModelProcess, ProcessEndedError
from napari_sam.backends.subprocess.server import FACTS
from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.core.embedding import Embedding
    from napari_sam.core.prediction import Prediction
    from napari_sam.core.prompts import Prompts


class SubprocessBackend:
    """A model in a process of its own, behind the door `Backend`.

    It starts a process, and another if that one ends. Attributes that the model has
    besides those of `Backend`, such as ``view``, are those of the model.

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
        self._names = _EmbeddingIds()
        self._process = ModelProcess(module, self._options)
        try:
            self._facts: dict[str, Any] = self._process.ask("facts")
        except BaseException:
            self._process.end()
            raise

    def __repr__(self) -> str:
        return f"SubprocessBackend({self._facts.get('name', self.fingerprint)!r})"

    def __getattr__(self, name: str) -> Any:
        if name in FACTS and name in self._facts:
            return self._facts[name]
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    @property
    def fingerprint(self) -> str:
        """Changes whenever `encode` would answer differently."""
        return str(self._facts["fingerprint"])

    @property
    def working_size(self) -> int:
        """Side of the square that the encoder looks at, in its own pixels."""
        return int(self._facts["working_size"])

    def encode(self, planes: Sequence[NDArray[np.uint8]]) -> list[Embedding]:
        """Embed tiles ``(y, x, 3)``, in order.

        Raises
        ------
        ModelError
            If the process ends twice while it computes this.
        """
        given = list(planes)
        found, batch_size = self._call(lambda process: process.ask("encode", given))
        if batch_size is not None:
            self._facts["batch_size"] = batch_size
        return list(found)

    def decode(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Answer each prompt with its best mask, in tile coordinates.

        Raises
        ------
        PromptError
            If one of them does not say where its object is.
        ModelError
            If the process ends twice while it computes this.
        """
        name, said = self._names.of(embedding), list(prompts)

        def ask(process: ModelProcess) -> Any:
            while (found := process.ask("decode", name, said)) is None:
                process.ask("cache", name, dict(embedding))
            return found

        return [unpack(sent) for sent in self._call(ask)]

    def end(self) -> None:
        """End the process; it is started again by the next question."""
        self._process.end()

    def _call(self, ask: Callable[[ModelProcess], Any]) -> Any:
        """Ask the process; if it ends meanwhile, ask another one, once."""
        process = self._process
        try:
            return ask(process)
        except ProcessEndedError:
            process = self._in_other_process(process)
        try:
            return ask(process)
        except ProcessEndedError as gone:
            raise ModelError(
                f"The process of {self!r} ended twice before it answered ({gone}). "
                "Systems end processes when memory runs out: close other programs, or "
                "take a smaller model, and ask again. Nothing that was drawn is lost."
            ) from gone

    def _in_other_process(self, ended: ModelProcess) -> ModelProcess:
        """Start a process in place of one that has ended, once for all who ask."""
        with self._lock:
            if self._process is ended:
                ended.end()
                self._process = ModelProcess(self._module, self._options)
            return self._process


class _EmbeddingIds:
    """Gives every embedding a name of its own, for as long as it lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._count = itertools.count()

    def of(self, embedding: Embedding) -> str:
        """Return the name of an embedding; that of its first array."""
        array = next(a for name, a in sorted(embedding.items()) if name != "shape")
        with self._lock:
            for number in [n for n, (ref, _) in self._known.items() if ref() is None]:
                del self._known[number]
            known = self._known.get(id(array))
            if known is None:
                known = weakref.ref(array), f"e{next(self._count)}"
                self._known[id(array)] = known
            return known[1]
