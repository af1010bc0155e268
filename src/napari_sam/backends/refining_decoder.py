"""The refining decoder: masks for prompts, refined round by round, as SAM does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import OrderedDict
from dataclasses import replace
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeAlias, TypeVar

import numpy as np

from napari_sam.backends.freed_memory import return_freed_memory
from napari_sam.core.embedding import Embedding
from napari_sam.core.errors import ModelError
from napari_sam.core.geometry.region import Region
from napari_sam.core.prediction import Prediction
from napari_sam.core.prompts.model_prompts import is_approximate, refinement_steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from napari_sam.core.embedding import EmbeddingArrays
    from napari_sam.core.prompts import Prompts
    from napari_sam.core.prompts.model_prompts import Refinement

#: An embedding as the model takes it, on its device.
Prepared = TypeVar("Prepared")
#: Logits cached, so that a further click refines once instead of from the start.
_CACHED_ROUNDS = 64
#: Embeddings cached on the device.
_PREPARED = 2
#: Prompts decoded side by side; their masks are in memory together. Twice as many,
#: where all of them are asked for at once.
GROUP = 16
#: Prompts after which freed memory is given back: to ask for it again takes time, too.
_KEPT = 64
#: Digest of the embedding, prompts, and the candidate chosen in each round. Earlier
#: candidates count, since each round starts from the logits of the one before it.
_RoundKey: TypeAlias = "tuple[str, Prompts, tuple[int, ...]]"


class MaskCandidates(NamedTuple):
    """Candidates, best first: logits ``(M, h, w)`` and scores ``(M,)``."""

    logits: NDArray[np.float32]
    scores: NDArray[np.float32]

    def ranked(self) -> MaskCandidates:
        """Sort by score; equal scores keep their order."""
        if (np.diff(self.scores) <= 0).all():
            return self
        order = np.argsort(-self.scores, kind="stable")
        return MaskCandidates(self.logits[order], self.scores[order])


class RefiningDecoder(ABC, Generic[Prepared]):
    """A backend's `decode`: every later prompt refines the mask of those before it.

    A mask is a pure function of the embedding and of the prompts in order. Logits of
    earlier rounds are cached by the embedding's digest, which changes the speed alone.
    Prompts of many objects go through their rounds side by side.
    """

    def __init__(self) -> None:
        self._rounds: OrderedDict[_RoundKey, NDArray[np.float32]] = OrderedDict()
        self._prepared: OrderedDict[str, Prepared] = OrderedDict()
        self._lock = Lock()

    @abstractmethod
    def _prepare(self, embedding: Embedding) -> Prepared:
        """Bring an embedding to the device, once for all its prompts."""

    @abstractmethod
    def _decode_rounds(
        self, prepared: Prepared, rounds: Sequence[Refinement]
    ) -> Sequence[MaskCandidates]:
        """Run the mask decoder once for each round; bits depend on no other round."""

    @abstractmethod
    def _stride(self, shape: tuple[int, int]) -> tuple[float, float]:
        """Pixels of a plane of `shape` per cell of the logits."""

    def decode(
        self, embedding: EmbeddingArrays, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Decode the best mask for each prompt, in tile coordinates.

        Raises
        ------
        PromptError
            If one of them has no positive prompt.
        """
        return list(self._decoded(embedding, prompts, 2 * GROUP))

    def iter_decode(
        self, embedding: EmbeddingArrays, prompts: Iterable[Prompts]
    ) -> Iterator[Prediction]:
        """Like `decode`, but with no more than `GROUP` predictions in memory."""
        return self._decoded(embedding, prompts, GROUP)

    def _decoded(
        self, embedding: EmbeddingArrays, prompts: Iterable[Prompts], group: int
    ) -> Iterator[Prediction]:
        tile = Embedding.from_mapping(embedding)
        waiting, since = iter(prompts), 0
        while some := list(islice(waiting, group)):
            yield from self._decode_group(tile, some)
            since += len(some)
            if since >= _KEPT:
                return_freed_memory()
                since = 0

    def _decode_group(
        self, embedding: Embedding, prompts: Sequence[Prompts]
    ) -> list[Prediction]:
        """Refine the masks of a few objects side by side, one round at a time."""
        steps = [refinement_steps(p) for p in prompts]
        prepared = self._prepared_for(embedding)
        found: dict[int, Prediction] = {}
        logits: dict[int, NDArray[np.float32]] = {}
        for n in range(max(map(len, steps))):
            pending = self._pending(embedding, steps, n, logits)
            rounds = [replace(steps[i][n], previous=logits.get(i)) for i in pending]
            decoded = self._decode_rounds(prepared, rounds) if rounds else ()
            for i, masks in zip(pending, decoded, strict=True):
                prediction = self._predictions(embedding, masks.ranked())
                found[i] = prediction.chosen(steps[i][n].candidate)
                logits[i] = found[i].logits
                if not is_approximate(prompts[i]):
                    key = _key(embedding, steps[i][: n + 1])
                    self._cache_logits(key, logits[i])
        return [found[i] for i in range(len(prompts))]

    def _pending(
        self,
        embedding: Embedding,
        steps: Sequence[tuple[Refinement, ...]],
        n: int,
        logits: dict[int, NDArray[np.float32]],
    ) -> list[int]:
        """List the objects whose n-th round must run; fill in logits of the others.

        The last round always runs: its candidates are returned, not only its logits.
        """
        pending = []
        for i, rounds in enumerate(steps):
            if n + 1 == len(rounds):
                pending.append(i)
            elif n + 1 < len(rounds):
                known = self._cached_logits(_key(embedding, rounds[: n + 1]))
                if known is None:
                    pending.append(i)
                else:
                    logits[i] = known
        return pending

    def _predictions(self, embedding: Embedding, masks: MaskCandidates) -> Prediction:
        rows, cols = tile_shape(embedding)
        best, *alternatives = (
            Prediction(
                np.ascontiguousarray(logits, np.float32),
                float(score),
                Region(0, 0, rows, cols),
                self._stride((rows, cols)),
            )
            for logits, score in zip(masks.logits, masks.scores, strict=True)
        )
        return replace(best, alternatives=tuple(alternatives))

    def _prepared_for(self, embedding: Embedding) -> Prepared:
        """Return an embedding on the device; the last few stay there."""
        with self._lock:
            known = self._prepared.get(embedding.digest)
        made = self._prepare(embedding) if known is None else known
        with self._lock:
            self._prepared[embedding.digest] = made
            self._prepared.move_to_end(embedding.digest)
            while len(self._prepared) > _PREPARED:
                self._prepared.popitem(last=False)
        return made

    def _cached_logits(self, key: _RoundKey) -> NDArray[np.float32] | None:
        with self._lock:
            if key in self._rounds:
                self._rounds.move_to_end(key)
            return self._rounds.get(key)

    def _cache_logits(self, key: _RoundKey, logits: NDArray[np.float32]) -> None:
        with self._lock:
            self._rounds[key] = logits.copy()  # not a view of all candidates
            while len(self._rounds) > _CACHED_ROUNDS:
                self._rounds.popitem(last=False)


def tile_shape(embedding: Embedding) -> tuple[int, int]:
    """Return rows and columns of the tile of an embedding.

    Raises
    ------
    ModelError
        If the embedding does not say: it is not one of this model.
    """
    if embedding.image_shape is None:
        raise ModelError(
            "The embedding does not say how many rows and columns its tile has. Give "
            "one that `encode` of this model returned."
        )
    return embedding.image_shape


def _key(embedding: Embedding, rounds: Sequence[Refinement]) -> _RoundKey:
    candidates = tuple(r.candidate for r in rounds)
    return embedding.digest, rounds[-1].prompts, candidates
