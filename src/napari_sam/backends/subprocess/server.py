"""The server: the process that holds the model."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
from collections import OrderedDict
from multiprocessing.connection import Listener
from typing import TYPE_CHECKING

from napari_sam.backends.subprocess.prediction_codec import pack
from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.backends.subprocess.prediction_codec import PackedPrediction
    from napari_sam.core.backend_spec import BackendSpec
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend

#: Embeddings cached here; others are sent again when they are needed.
_CACHED = 8


def serve(load: Callable[..., Backend]) -> None:
    """Open a model and serve it until the client's process is gone.

    What to open is the first line of the standard input, as `ModelProcess` writes it.
    The address is the first line of the standard output.

    Parameters
    ----------
    load
        Opens the model; called with the options that were given.
    """
    # Ctrl-C in a terminal reaches both processes; the client decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no message
    with Listener(None, authkey=bytes.fromhex(setup["key"])) as listener:
        out.write(json.dumps({"address": listener.address}) + "\n")
        out.close()
        threading.Thread(target=_exit_with_parent, daemon=True).start()
        server = _ModelServer(load, setup["options"])
        while True:
            connection = listener.accept()
            threading.Thread(
                target=server.serve_connection, args=(connection,), daemon=True
            ).start()


def _exit_with_parent() -> None:
    """Its end closes the standard input, however it ends."""
    sys.stdin.read()
    os._exit(0)


class _ModelServer:
    """A served model, and the embeddings that were decoded last."""

    def __init__(
        self, load: Callable[..., Backend], options: Mapping[str, str | None]
    ) -> None:
        self._load, self._options = load, options
        self._backend: Backend | None = None
        self._lock = threading.Lock()
        self._cached: OrderedDict[str, Embedding] = OrderedDict()

    def serve_connection(self, connection: Connection) -> None:
        """Execute the requests of one connection, until the client closes it."""
        while True:
            try:
                command, arguments = connection.recv()
                connection.send(self._execute(command, arguments))
            except (EOFError, OSError):
                connection.close()
                return

    def _execute(self, command: str, arguments: Sequence[object]) -> tuple[str, object]:
        try:
            return "done", getattr(self, f"_{command}")(*arguments)
        except Exception as wrong:
            return "failed", _picklable(wrong)

    def _model(self) -> Backend:
        with self._lock:
            if self._backend is None:
                self._backend = self._load(**self._options)
            return self._backend

    def _describe(self) -> tuple[str, BackendSpec]:
        model = self._model()
        return model.fingerprint, backend_spec(model)

    def _encode(
        self, planes: Sequence[NDArray[np.uint8]]
    ) -> tuple[list[Embedding], BackendSpec]:
        """Return embeddings; the batch size may have fallen meanwhile."""
        model = self._model()
        found = [Embedding.from_mapping(e) for e in model.encode(planes)]
        return found, backend_spec(model)

    def _cache(self, embedding: Embedding) -> None:
        with self._lock:
            self._cached[embedding.digest] = embedding
            while len(self._cached) > _CACHED:
                self._cached.popitem(last=False)

    def _decode(
        self, digest: str, prompts: Sequence[Prompts]
    ) -> list[PackedPrediction] | None:
        """Return predictions; None if the embedding is not in the cache any more."""
        model = self._model()
        with self._lock:
            if digest not in self._cached:
                return None
            self._cached.move_to_end(digest)
            embedding = self._cached[digest]
        return [pack(found) for found in model.decode(embedding, prompts)]


def _picklable(wrong: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(wrong))
    except Exception:
        return ModelError(f"{type(wrong).__name__}: {wrong}")
    return wrong
