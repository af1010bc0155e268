"""The server: the process that holds the model."""

from __future__ import annotations

import json
import os
import pickle
import signal
import sys
import threading
import time
from collections import OrderedDict
from functools import partial
from multiprocessing import AuthenticationError
from multiprocessing.connection import Listener, answer_challenge, deliver_challenge
from shutil import rmtree
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from napari_sam.backends.subprocess.prediction_codec import (
    pack,
    pack_recalled,
    unpack_recalled,
)
from napari_sam.backends.subprocess.word_server import (
    WordServer,
    call_method,
    kind_of,
    name_of,
)
from napari_sam.core.backend_spec import backend_spec
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError
from napari_sam.core.protocols import (
    SupportsFeatures,
    SupportsInstances,
    SupportsVideo,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from multiprocessing.connection import Connection
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from napari_sam.backends.subprocess.prediction_codec import (
        PackedPrediction,
        PackedRecalled,
    )
    from napari_sam.core.backend_spec import BackendSpec
    from napari_sam.core.images.instance_maps import InstanceMaps
    from napari_sam.core.mask import Mask
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.protocols import Backend, FeatureMap, Memory

#: Embeddings cached here; others are sent again when they are needed.
_CACHED = 8
#: Seconds between two looks whether the client is there.
_LOOK = 2.0
#: Seconds until the next one is listened to after one who hung up.
_POLL = 0.05
#: The longest path of a socket, in bytes, on macOS; Linux takes four more.
_LONGEST = 103
#: How the name of the folder of the socket begins.
_PREFIX = "napari-sam-"


def serve(
    load: Callable[..., Backend],
    *,
    open_words: Callable[[Path], object] | None = None,
) -> None:
    """Open a model and serve it until the client's process is gone.

    What to open is the first line of the standard input, as `ModelProcess` writes it.
    The address is the first line of the standard output.

    Parameters
    ----------
    load
        Opens the model; called with the options that were given.
    open_words
        Opens a model of words from its folder, beside that model.
    """
    # Ctrl-C in a terminal reaches both processes; the client decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    setup = json.loads(sys.stdin.readline())
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no message
    key, parent = bytes.fromhex(setup["key"]), os.getppid()
    with (
        TemporaryDirectory(prefix=_PREFIX, dir=_parent_of_folder()) as folder,
        Listener(_place(folder), backlog=16) as listener,
    ):
        out.write(json.dumps({"address": listener.address}) + "\n")
        out.close()
        end = partial(_end, folder)
        for watch in (_until_input_ends, partial(_until_parent_ends, parent)):
            threading.Thread(target=_exit_after, args=(watch, end), daemon=True).start()
        server = _ModelServer(load, setup["options"], open_words)
        while True:
            try:
                connection = listener.accept()
            except OSError:
                time.sleep(_POLL)  # somebody hung up at once
                continue
            threading.Thread(
                target=server.welcome, args=(connection, key), daemon=True
            ).start()


def _parent_of_folder() -> str | None:
    """Return where to make that folder: /tmp if the usual place has too long a path."""
    likely = os.path.join(gettempdir(), f"{_PREFIX}12345678", "model")
    too_long = len(os.fsencode(likely)) > _LONGEST and os.name != "nt"
    return "/tmp" if too_long else None


def _place(folder: str) -> str | None:
    """Return where to listen: a socket in a folder of ours, where there are such."""
    return None if os.name == "nt" else os.path.join(folder, "model")


def _exit_after(watch: Callable[[], object], end: Callable[[], object]) -> None:
    watch()
    end()
    os._exit(0)


def _end(folder: str) -> None:
    rmtree(folder, ignore_errors=True)


def _until_input_ends() -> None:
    """Wait for the end of the client, which closes the input, unless a fork has it."""
    sys.stdin.read()


def _until_parent_ends(parent: int) -> None:
    """Wait for the end of the client, which gives this process another parent."""
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(_LOOK)


class _ModelServer:
    """A served model, and the embeddings that were decoded last."""

    def __init__(
        self,
        load: Callable[..., Backend],
        options: Mapping[str, str | None],
        open_words: Callable[[Path], object] | None = None,
    ) -> None:
        self._load, self._options = load, options
        self._words = WordServer(open_words)
        self._backend: Backend | None = None
        self._lock = threading.Lock()
        self._cached: OrderedDict[str, Embedding] = OrderedDict()

    def welcome(self, connection: Connection, key: bytes) -> None:
        """Serve a client that knows the key; whoever does not is hung up on.

        Each is served on a thread of its own: one who says nothing blocks nobody.
        """
        try:
            deliver_challenge(connection, key)
            answer_challenge(connection, key)
        except (AuthenticationError, EOFError, OSError, ValueError, AssertionError):
            connection.close()
            return
        self.serve_connection(connection)

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
        model, embedding = self._model(), self._embedding(digest)
        if embedding is None:
            return None
        return [pack(found) for found in model.decode(embedding, prompts)]

    def _instance_maps(self, digest: str) -> InstanceMaps | None:
        """Return instance maps; None if the embedding is not in the cache any more."""
        model, embedding = self._model(), self._embedding(digest)
        if embedding is None:
            return None
        if not isinstance(model, SupportsInstances):
            raise ModelError(f"{backend_spec(model).name} finds no instances.")
        return model.instance_maps(embedding)

    def _features(self, digest: str) -> list[FeatureMap] | None:
        """Return features; None if the embedding is not in the cache any more."""
        model, embedding = self._model(), self._embedding(digest)
        if embedding is None:
            return None
        if not isinstance(model, SupportsFeatures):
            raise ModelError(f"{backend_spec(model).name} has no features.")
        return list(model.features(embedding))

    def _memorize(
        self,
        digest: str,
        masks: Sequence[Mask],
        recalled: Sequence[PackedRecalled] | None,
    ) -> list[Memory] | None:
        """Return memories; None if the embedding is not in the cache any more."""
        model, embedding = self._video_model(), self._embedding(digest)
        if embedding is None:
            return None
        known = None if recalled is None else [unpack_recalled(r) for r in recalled]
        return model.memorize(embedding, masks, recalled=known)

    def _recall(
        self, digest: str, memories: Sequence[Sequence[Memory]]
    ) -> list[PackedRecalled] | None:
        """Return what is recalled; None if the embedding is not in the cache."""
        model, embedding = self._video_model(), self._embedding(digest)
        if embedding is None:
            return None
        return [pack_recalled(found) for found in model.recall(embedding, memories)]

    def _describe_words(self, folder: Path | None) -> tuple[str, str]:
        """Return what a model of words is called, and what it can do."""
        model = self._word_model(folder)
        return name_of(model), kind_of(model)

    def _ask_words(
        self, folder: Path | None, method: str, *arguments: object
    ) -> object:
        """Return what a model of words finds; it is opened if it is not."""
        return call_method(self._word_model(folder), method, list(arguments))

    def _word_model(self, folder: Path | None) -> object:
        return self._model() if folder is None else self._words.model(folder)

    def _video_model(self) -> SupportsVideo:
        model = self._model()
        if not isinstance(model, SupportsVideo):
            raise ModelError(f"{backend_spec(model).name} has no memory of frames.")
        return model

    def _embedding(self, digest: str) -> Embedding | None:
        with self._lock:
            if digest not in self._cached:
                return None
            self._cached.move_to_end(digest)
            return self._cached[digest]


def _picklable(wrong: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(wrong))
    except Exception:
        return ModelError(f"{type(wrong).__name__}: {wrong}")
    return wrong
